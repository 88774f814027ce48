-- One page of what workers hold of a queue, the longest held first. It reads all that is held anywhere, which is as much
-- as the workers can run at a time.
-- $1 queue, $2 reserved_at, $3 id and $4 job_id after which to begin, $5 how many.
SELECT job_id, queue, priority, state, attempts, payload, created_at, available_at, started_at, worker, trail,
    reserved_at, id
FROM queue_jobs
WHERE lane < 0 AND queue = $1 AND reserved_at >= $2
    AND (reserved_at > $2 OR id > $3 OR (id = $3 AND job_id > $4))
ORDER BY reserved_at, id, job_id LIMIT $5
