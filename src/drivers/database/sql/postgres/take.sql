-- Hands locked jobs to a worker. The attempt is counted here, so that a crash in mid-run still costs a try.
-- $1 now, $2 the worker, $3 the worker's lane, $4 the call; a row is job_id.
UPDATE queue_jobs AS j
SET state = 'reserved', attempts = least(greatest(j.attempts, 0), 2147483646) + 1, reserved_at = $1, started_at = $1,
    worker = $2, lane = $3, call_id = $4
FROM unnest($5::uuid[]) AS t (job_id)
WHERE j.job_id = t.job_id AND j.state = 'pending'
