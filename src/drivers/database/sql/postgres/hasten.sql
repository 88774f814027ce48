-- Makes a locked delayed job pending before its time.
-- $1 now, $2 lane, $3 place, $4 job_id.
UPDATE queue_jobs SET state = 'pending', lane = $2, place = $3, available_at = $1
WHERE job_id = $4 AND state = 'delayed'
