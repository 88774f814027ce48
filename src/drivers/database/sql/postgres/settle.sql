-- Ends attempts, each under its token. A NULL place or available_at stays as it is.
-- A row is job_id, attempt, call_id, state, lane, place, attempts, available_at, ended_at, system_error, queue, worker, trail.
UPDATE queue_jobs AS j
SET state = t.state, lane = t.lane, place = COALESCE(t.place, j.place), attempts = t.attempts,
    available_at = COALESCE(t.available_at, j.available_at), ended_at = t.ended_at,
    system_error = t.system_error, trail = t.trail,
    worker = NULL, reserved_at = NULL, settled_attempt = t.attempt, settled_call = t.call_id,
    key_held = CASE WHEN t.ended_at IS NULL THEN j.key_held END
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bytea[])
    AS t (job_id, attempt, call_id, state, lane, place, attempts, available_at, ended_at, system_error, queue, worker,
        trail)
WHERE j.job_id = t.job_id AND j.state = 'reserved' AND j.attempts = t.attempt AND j.call_id = t.call_id
    AND j.queue = t.queue AND j.worker = t.worker
