-- Hands locked jobs to a worker. The attempt is counted here, so that a crash in mid-run still costs a try.
-- The key by name, here and wherever jobs are named: of a small table the server would rather read, and lock, every row.
-- ?1 now, ?2 the worker, ?3 the worker's lane, ?4 the call; a row is job_id.
UPDATE JSON_TABLE(?5, '$[*]' COLUMNS (job_id CHAR(32) PATH '$[0]')) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
SET j.state = 'reserved', j.attempts = least(greatest(j.attempts, 0), 2147483646) + 1, j.reserved_at = ?1, j.started_at = ?1,
    j.worker = ?2, j.lane = ?3, j.call_id = ?4
WHERE j.state = 'pending'
