-- The tokens of all that a worker holds.
-- ?1 the worker's lane, ?2 the worker.
SELECT job_id, attempts, call_id FROM queue_jobs WHERE lane = ?1 AND worker = ?2
