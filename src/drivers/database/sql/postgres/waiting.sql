-- Locks jobs that wait in a line.
-- $1 lane, $2 queue, $3 the one priority or 0 for all, $4 how many.
SELECT job_id, priority FROM queue_jobs
WHERE lane = $1 AND queue = $2 AND ($3 = 0 OR priority = $3)
ORDER BY place, id LIMIT $4 FOR UPDATE
