-- Removes jobs. A row is job_id.
DELETE FROM queue_jobs AS j USING unnest($1::uuid[]) AS t (job_id) WHERE j.job_id = t.job_id
