-- Passes held jobs to another worker. The attempt goes on in other hands, so its number and its start stay.
-- ?1 now, ?2 the worker, ?3 the worker's lane, ?4 the call; a row is job_id.
UPDATE JSON_TABLE(?5, '$[*]' COLUMNS (job_id CHAR(32) PATH '$[0]')) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
SET j.reserved_at = ?1, j.worker = ?2, j.lane = ?3, j.call_id = ?4
WHERE j.state = 'reserved'
