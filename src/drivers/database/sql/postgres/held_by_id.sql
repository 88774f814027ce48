-- Some of what workers hold. A row is job_id.
SELECT j.job_id, j.attempts, j.reserved_at, j.trail, j.payload, j.queue, j.priority, j.place, j.call_id, j.started_at
FROM unnest($1::uuid[]) AS t (job_id)
JOIN queue_jobs AS j ON j.job_id = t.job_id
WHERE j.state = 'reserved'
