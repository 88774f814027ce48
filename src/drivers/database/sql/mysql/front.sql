-- Locks the front of a line of pending jobs, as far as others have not.
-- The index by name: left to itself the optimiser reads the line from its beginning.
-- ?1 lane, ?2 queue, ?3 how many, ?4 the place from which on it is read.
SELECT job_id, attempts, trail, payload, place FROM queue_jobs FORCE INDEX (queue_jobs_by_lane)
WHERE lane = ?1 AND place >= ?4 AND queue = ?2
ORDER BY place, id LIMIT ?3 FOR UPDATE SKIP LOCKED
