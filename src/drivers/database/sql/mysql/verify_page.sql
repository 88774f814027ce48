-- What one job's row says of where it is, page by page.
-- ?1 the id from which on, ?2 how many.
SELECT job_id, queue, priority, state, lane, place, available_at, ended_at, worker, reserved_at, unique_key, key_held,
    attempts, call_id
FROM queue_jobs WHERE job_id >= ?1 ORDER BY job_id LIMIT ?2
