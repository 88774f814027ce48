-- Passes held jobs to another worker. The attempt goes on in other hands, so its number and its start stay.
-- $1 now, $2 the worker, $3 the worker's lane, $4 the call; a row is job_id.
UPDATE queue_jobs AS j
SET reserved_at = $1, worker = $2, lane = $3, call_id = $4
FROM unnest($5::uuid[]) AS t (job_id)
WHERE j.job_id = t.job_id AND j.state = 'reserved'
