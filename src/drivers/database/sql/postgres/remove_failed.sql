-- Removes what was recorded of failed jobs. A row is job_id.
DELETE FROM queue_failed_jobs AS f USING unnest($1::uuid[]) AS t (job_id) WHERE f.job_id = t.job_id
