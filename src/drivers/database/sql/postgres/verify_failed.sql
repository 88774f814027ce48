-- Jobs of a line of failed ones that are not recorded as failed.
-- $1 lane, $2 how many.
SELECT j.job_id, j.queue FROM queue_jobs AS j
WHERE j.lane = $1 AND j.state = 'failed'
    AND NOT EXISTS (SELECT 1 FROM queue_failed_jobs AS f WHERE f.job_id = j.job_id)
LIMIT $2
