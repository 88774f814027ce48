-- Removes jobs. A row is job_id.
DELETE j FROM JSON_TABLE(?1, '$[*]' COLUMNS (job_id CHAR(32) PATH '$[0]')) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
