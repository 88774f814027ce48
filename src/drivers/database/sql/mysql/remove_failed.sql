-- Removes what was recorded of failed jobs. A row is job_id.
DELETE f FROM JSON_TABLE(?1, '$[*]' COLUMNS (job_id CHAR(32) PATH '$[0]')) AS t
STRAIGHT_JOIN queue_failed_jobs AS f ON f.job_id = UNHEX(t.job_id)
