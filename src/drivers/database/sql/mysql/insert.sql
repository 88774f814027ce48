-- Stores new jobs; those whose id or key is taken are left out.
-- ?1 now, ?2 the call; a row is job_id, id, queue, priority, state, lane, place, available_at, unique_key, payload.
INSERT IGNORE INTO queue_jobs
    (job_id, id, queue, priority, state, lane, place, available_at, created_at, stored_by, unique_key, key_held, payload)
SELECT UNHEX(t.job_id), t.id, t.queue, t.priority, t.state, t.lane, t.place, t.available_at, ?1, ?2,
    t.unique_key, t.unique_key, SUBSTRING(?4, t.payload_at, t.payload_length)
FROM JSON_TABLE(?3, '$[*]' COLUMNS (
    job_id CHAR(32) PATH '$[0]', id BIGINT PATH '$[1]', queue VARCHAR(255) PATH '$[2]', priority TINYINT PATH '$[3]',
    state VARCHAR(9) PATH '$[4]', lane BIGINT PATH '$[5]', place BIGINT PATH '$[6]', available_at BIGINT PATH '$[7]',
    unique_key VARCHAR(64) PATH '$[8]', payload_at BIGINT PATH '$[9]', payload_length BIGINT PATH '$[10]'
)) AS t
