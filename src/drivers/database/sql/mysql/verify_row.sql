-- The same of one job, and locks it.
-- ?1 job_id.
SELECT job_id, queue, priority, state, lane, place, available_at, ended_at, worker, reserved_at, unique_key, key_held,
    attempts, call_id
FROM queue_jobs WHERE job_id = ?1 FOR UPDATE
