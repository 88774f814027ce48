-- Makes locked delayed jobs pending. A row is job_id, lane, place.
UPDATE queue_jobs AS j
SET state = 'pending', lane = t.lane, place = t.place
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS t (job_id, lane, place)
WHERE j.job_id = t.job_id AND j.state = 'delayed'
