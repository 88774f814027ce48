-- Locks the first jobs of a line of pending ones.
-- $1 lane, $2 queue, $3 how many.
SELECT job_id FROM queue_jobs
WHERE lane = $1 AND queue = $2
ORDER BY place, id LIMIT $3 FOR UPDATE
