-- One page of a line, from its back.
-- The index by name: left to itself the optimiser reads the line from its end up to the page.
-- ?1 lane, ?2 queue, ?3 place, ?4 id and ?5 job_id before which to begin, ?6 how many.
SELECT job_id, queue, priority, state, attempts, payload, created_at, available_at, started_at, worker, trail,
    place, id
FROM queue_jobs FORCE INDEX (queue_jobs_by_lane)
WHERE lane = ?1 AND queue = ?2 AND place <= ?3
    AND (place < ?3 OR id < ?4 OR (id = ?4 AND job_id < ?5))
ORDER BY place DESC, id DESC, job_id DESC LIMIT ?6
