-- Locks jobs and tells how they stand and who may settle them. A row is job_id.
SELECT j.job_id, j.queue, j.state, j.attempts, j.call_id, j.settled_attempt, j.settled_call, j.priority,
    j.system_error, j.worker
FROM JSON_TABLE(?1, '$[*]' COLUMNS (job_id CHAR(32) PATH '$[0]')) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
FOR UPDATE
