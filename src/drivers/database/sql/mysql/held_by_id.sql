-- Some of what a worker holds.
-- ?1 the worker's lane, ?2 the worker; a row is job_id.
SELECT j.job_id, j.attempts, j.reserved_at, j.trail, j.payload, j.queue, j.priority, j.place, j.call_id, j.started_at
FROM JSON_TABLE(?3, '$[*]' COLUMNS (job_id CHAR(32) PATH '$[0]')) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
WHERE j.lane = ?1 AND j.worker = ?2
