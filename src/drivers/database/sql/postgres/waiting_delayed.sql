-- Locks the delayed jobs of one priority that are due first.
-- $1 lane, $2 queue, $3 how many, $4 priority.
SELECT job_id FROM queue_jobs
WHERE state = 'delayed' AND lane = $1 AND queue = $2 AND priority = $4
ORDER BY place LIMIT $3 FOR UPDATE
