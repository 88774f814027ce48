-- Stores new jobs; those whose id or key is taken are left out.
-- $1 now, $2 the call; a row is job_id, id, queue, priority, state, lane, place, available_at, unique_key, payload.
INSERT INTO queue_jobs
    (job_id, id, queue, priority, state, lane, place, available_at, created_at, stored_by, unique_key, key_held, payload)
SELECT t.job_id, t.id, t.queue, t.priority, t.state, t.lane, t.place, t.available_at, $1, $2,
    t.unique_key, t.unique_key, t.payload
FROM unnest($3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[],
    $11::text[], $12::bytea[])
    AS t (job_id, id, queue, priority, state, lane, place, available_at, unique_key, payload)
ON CONFLICT DO NOTHING
