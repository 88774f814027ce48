-- What one call took.
-- ?1 the worker's lane, ?2 the worker, ?3 the call.
SELECT job_id, attempts, reserved_at, trail, payload, queue, priority, place, call_id, started_at FROM queue_jobs
WHERE lane = ?1 AND worker = ?2 AND call_id = ?3
