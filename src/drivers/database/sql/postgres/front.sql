-- Locks the front of a line of pending jobs, as far as others have not.
-- $1 lane, $2 queue, $3 how many, $4 the place from which on it is read.
SELECT job_id, attempts, trail, payload, place FROM queue_jobs
WHERE lane = $1 AND place >= $4 AND queue = $2
ORDER BY place, id LIMIT $3 FOR UPDATE SKIP LOCKED
