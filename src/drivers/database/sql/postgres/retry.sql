-- Puts a locked job back that failed or was cancelled.
-- $1 now, $2 lane, $3 place, $4 trail, $5 job_id.
UPDATE queue_jobs SET state = 'pending', lane = $2, place = $3, attempts = 0, available_at = $1, ended_at = NULL,
    system_error = 0, trail = $4, key_held = unique_key
WHERE job_id = $5 AND state IN ('failed', 'cancelled')
