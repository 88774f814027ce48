-- Locks the delayed jobs of a queue that have come due, and tells the time once they are. Whoever else promotes them is
-- waited for, so that they stay in their order.
-- ?1 lane, ?2 queue, ?3 now, ?4 how many.
SELECT job_id, priority, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)) FROM queue_jobs
WHERE lane = ?1 AND queue = ?2 AND place <= ?3
ORDER BY place, id LIMIT ?4 FOR UPDATE
