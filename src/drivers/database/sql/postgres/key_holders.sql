-- The jobs that hold keys. A row is n (the place in the call), queue, key.
SELECT t.n, j.job_id
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS t (n, queue, unique_key)
JOIN queue_jobs AS j ON j.queue = t.queue AND j.key_held = t.unique_key
