-- Makes locked delayed jobs pending. A row is job_id, lane, place.
UPDATE JSON_TABLE(?1, '$[*]' COLUMNS (
    job_id CHAR(32) PATH '$[0]', lane BIGINT PATH '$[1]', place BIGINT PATH '$[2]'
)) AS t
STRAIGHT_JOIN queue_jobs AS j FORCE INDEX (PRIMARY) ON j.job_id = UNHEX(t.job_id)
SET j.state = 'pending', j.lane = t.lane, j.place = t.place
WHERE j.state = 'delayed'
