-- Locks the oldest ended jobs of a line, as far as others have not.
-- $1 lane, $2 queue, $3 ended up to when, $4 how many.
SELECT job_id, system_error FROM queue_jobs
WHERE lane = $1 AND queue = $2 AND place <= $3
ORDER BY place, id LIMIT $4 FOR UPDATE SKIP LOCKED
