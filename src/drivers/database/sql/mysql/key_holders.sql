-- The jobs that hold keys. A row is n (the place in the call), queue, key.
SELECT t.n, j.job_id
FROM JSON_TABLE(?1, '$[*]' COLUMNS (
    n INT PATH '$[0]', queue VARCHAR(255) PATH '$[1]', unique_key VARCHAR(64) PATH '$[2]'
)) AS t
STRAIGHT_JOIN queue_jobs AS j ON j.queue = CONVERT(t.queue USING ascii) COLLATE ascii_bin
    AND j.key_held = CONVERT(t.unique_key USING ascii) COLLATE ascii_bin
