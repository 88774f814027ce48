-- Locks delayed jobs of one priority, in the order of their ids.
-- ?1 lane, ?2 queue, ?3 how many, ?4 priority.
SELECT job_id FROM queue_jobs FORCE INDEX (queue_jobs_delayed)
WHERE delayed_lane = ?1 AND queue = ?2 AND priority = ?4
ORDER BY job_id LIMIT ?3 FOR UPDATE
