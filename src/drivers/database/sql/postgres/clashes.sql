-- Of the jobs that could not all be stored, those whose id is there: whether by this very call, and whether alike.
-- $1 the call; a row is n (the job's place in the call), job_id, queue, payload.
SELECT t.n, (j.stored_by = $1)::int, (j.queue = t.queue AND j.payload = t.payload)::int
FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::bytea[]) AS t (n, job_id, queue, payload)
JOIN queue_jobs AS j ON j.job_id = t.job_id
