-- The same as `due`, but of those that nobody else has locked, and the place of each.
-- ?1 lane, ?2 queue, ?3 now, ?4 how many.
SELECT job_id, priority, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)), place FROM queue_jobs
WHERE lane = ?1 AND queue = ?2 AND place <= ?3
ORDER BY place, id LIMIT ?4 FOR UPDATE SKIP LOCKED
