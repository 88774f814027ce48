-- Ends a locked job that waits.
-- $1 now, $2 lane, $3 job_id.
UPDATE queue_jobs SET state = 'cancelled', lane = $2, place = $1, ended_at = $1, key_held = NULL
WHERE job_id = $3 AND state IN ('pending', 'delayed')
