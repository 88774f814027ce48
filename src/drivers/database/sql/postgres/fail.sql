-- Records jobs that have just failed for good.
-- $1 now; a row is job_id, exception.
INSERT INTO queue_failed_jobs (job_id, connection, queue, payload, exception, failed_at)
SELECT j.job_id, 'database', j.queue, j.payload, t.exception, $1
FROM unnest($2::uuid[], $3::text[]) AS t (job_id, exception)
JOIN queue_jobs AS j ON j.job_id = t.job_id
