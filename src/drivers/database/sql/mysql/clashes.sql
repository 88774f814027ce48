-- Of the jobs that could not all be stored, those whose id is there: whether just stored so, and whether alike.
-- ?1 the call; a row is n (the job's place in the call), id, job_id, queue, payload.
SELECT t.n, j.stored_by = ?1 AND j.id = t.id,
    CAST(j.queue AS BINARY) = CAST(t.queue AS BINARY) AND j.payload = SUBSTRING(?3, t.payload_at, t.payload_length)
FROM JSON_TABLE(?2, '$[*]' COLUMNS (
    n INT PATH '$[0]', id BIGINT PATH '$[1]', job_id CHAR(32) PATH '$[2]', queue VARCHAR(255) PATH '$[3]',
    payload_at BIGINT PATH '$[4]', payload_length BIGINT PATH '$[5]'
)) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
