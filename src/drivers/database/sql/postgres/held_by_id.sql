-- Some of what a worker holds.
-- $1 the worker's lane, $2 the worker; a row is job_id.
SELECT j.job_id, j.attempts, j.reserved_at, j.trail, j.payload, j.queue, j.priority, j.place, j.call_id, j.started_at
FROM unnest($3::uuid[]) AS t (job_id)
JOIN queue_jobs AS j ON j.job_id = t.job_id
WHERE j.lane = $1 AND j.worker = $2
