-- Of the jobs that could not all be stored, those whose id is there: whether just stored so, and whether alike.
-- $1 the call; a row is n (the job's place in the call), id, job_id, queue, payload.
SELECT t.n, (j.stored_by = $1 AND j.id = t.id)::int, (j.queue = t.queue AND j.payload = t.payload)::int
FROM unnest($2::bigint[], $3::bigint[], $4::uuid[], $5::text[], $6::bytea[]) AS t (n, id, job_id, queue, payload)
JOIN queue_jobs AS j ON j.job_id = t.job_id
