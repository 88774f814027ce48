-- Puts a locked job where its state says. A row is job_id, lane, place, ended_at, worker, reserved_at, key_held, state.
UPDATE JSON_TABLE(?1, '$[*]' COLUMNS (
    job_id CHAR(32) PATH '$[0]', lane BIGINT PATH '$[1]', place BIGINT PATH '$[2]', ended_at BIGINT PATH '$[3]',
    worker VARCHAR(100) PATH '$[4]', reserved_at BIGINT PATH '$[5]', key_held VARCHAR(64) PATH '$[6]',
    state VARCHAR(9) PATH '$[7]'
)) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
SET j.lane = t.lane, j.place = t.place, j.ended_at = t.ended_at, j.worker = t.worker, j.reserved_at = t.reserved_at,
    j.key_held = t.key_held, j.state = t.state
