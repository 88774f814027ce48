-- Ends attempts, each under its token. A NULL place or available_at stays as it is.
-- A row is job_id, attempt, call_id, state, lane, place, attempts, available_at, ended_at, system_error, queue, worker, trail.
UPDATE JSON_TABLE(?1, '$[*]' COLUMNS (
    job_id CHAR(32) PATH '$[0]', attempt INT PATH '$[1]', call_id BIGINT PATH '$[2]', state VARCHAR(9) PATH '$[3]',
    lane BIGINT PATH '$[4]', place BIGINT PATH '$[5]', attempts INT PATH '$[6]', available_at BIGINT PATH '$[7]',
    ended_at BIGINT PATH '$[8]', system_error TINYINT PATH '$[9]',
    queue VARCHAR(255) PATH '$[10]', worker VARCHAR(100) PATH '$[11]',
    trail_at BIGINT PATH '$[12]', trail_length BIGINT PATH '$[13]'
)) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
SET j.state = t.state, j.lane = t.lane, j.place = COALESCE(t.place, j.place), j.attempts = t.attempts,
    j.available_at = COALESCE(t.available_at, j.available_at), j.ended_at = t.ended_at,
    j.system_error = t.system_error, j.trail = SUBSTRING(?2, t.trail_at, t.trail_length),
    j.worker = NULL, j.reserved_at = NULL, j.settled_attempt = t.attempt, j.settled_call = t.call_id,
    j.key_held = IF(t.ended_at IS NULL, j.key_held, NULL)
WHERE j.state = 'reserved' AND j.attempts = t.attempt AND j.call_id = t.call_id
    AND j.queue = CONVERT(t.queue USING ascii) COLLATE ascii_bin
    AND j.worker = CONVERT(t.worker USING ascii) COLLATE ascii_bin
