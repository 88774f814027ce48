-- Puts a locked job where its state says. A row is job_id, lane, place, ended_at, worker, reserved_at, key_held, state.
UPDATE queue_jobs AS j
SET lane = t.lane, place = t.place, ended_at = t.ended_at, worker = t.worker, reserved_at = t.reserved_at,
    key_held = t.key_held, state = t.state
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::text[],
    $8::text[])
    AS t (job_id, lane, place, ended_at, worker, reserved_at, key_held, state)
WHERE j.job_id = t.job_id
