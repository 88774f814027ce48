-- The record of a job.
-- ?1 job_id.
SELECT job_id, queue, priority, state, attempts, payload, created_at, available_at, started_at, worker, trail
FROM queue_jobs WHERE job_id = ?1
