-- Who holds the key that a job had.
-- $1 job_id.
SELECT h.job_id FROM queue_jobs AS j JOIN queue_jobs AS h ON h.queue = j.queue AND h.key_held = j.unique_key
WHERE j.job_id = $1
