-- What is recorded as failed and has not failed, or is no more: then the last column is 1.
-- $1 how many.
SELECT f.job_id, f.queue, (NOT EXISTS (SELECT 1 FROM queue_jobs AS j WHERE j.job_id = f.job_id))::int
FROM queue_failed_jobs AS f
WHERE NOT EXISTS (SELECT 1 FROM queue_jobs AS j WHERE j.job_id = f.job_id AND j.state = 'failed')
LIMIT $1
