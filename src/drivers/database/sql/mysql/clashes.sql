-- Of the jobs that could not all be stored, those whose id is there: whether by this very call, and whether alike.
-- ?1 the call; a row is n (the job's place in the call), job_id, queue, payload.
SELECT t.n, j.stored_by = ?1,
    CAST(j.queue AS BINARY) = CAST(t.queue AS BINARY) AND j.payload = SUBSTRING(?3, t.payload_at, t.payload_length)
FROM JSON_TABLE(?2, '$[*]' COLUMNS (
    n INT PATH '$[0]', job_id CHAR(32) PATH '$[1]', queue VARCHAR(255) PATH '$[2]',
    payload_at BIGINT PATH '$[3]', payload_length BIGINT PATH '$[4]'
)) AS t
STRAIGHT_JOIN queue_jobs AS j ON j.job_id = UNHEX(t.job_id)
