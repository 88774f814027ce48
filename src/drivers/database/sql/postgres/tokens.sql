-- Locks jobs and tells how they stand and who may settle them. A row is job_id.
SELECT j.job_id, j.queue, j.state, j.attempts, j.call_id, j.settled_attempt, j.settled_call, j.priority,
    j.system_error, j.worker
FROM unnest($1::uuid[]) AS t (job_id)
JOIN queue_jobs AS j ON j.job_id = t.job_id
FOR UPDATE OF j
