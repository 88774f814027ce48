-- Records jobs that have just failed for good.
-- ?1 now; a row is job_id, exception.
INSERT INTO queue_failed_jobs (job_id, connection, queue, payload, exception, failed_at)
SELECT j.job_id, 'database', j.queue, j.payload, t.exception, ?1
FROM JSON_TABLE(?2, '$[*]' COLUMNS (job_id CHAR(32) PATH '$[0]', exception LONGTEXT PATH '$[1]')) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
