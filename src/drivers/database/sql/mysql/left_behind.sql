-- Locks what a dead worker held.
-- ?1 the worker's lane, ?2 the worker, ?3 how many.
SELECT job_id, attempts, reserved_at, trail, payload, queue, priority, place, call_id, started_at FROM queue_jobs
WHERE lane = ?1 AND worker = ?2
ORDER BY reserved_at, priority DESC, place LIMIT ?3 FOR UPDATE
