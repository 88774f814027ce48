-- The first place of each line in which something stands from a place on, and the time. Paused queues can be left out.
-- ?1 whether pauses are heeded; a row is lane, queue, place.
SELECT heads.lane, heads.place, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
FROM (
    SELECT t.lane,
        (
            SELECT j.place FROM queue_jobs AS j
            WHERE j.lane = t.lane AND j.place >= t.place
            ORDER BY j.place, j.id LIMIT 1
        ) AS place
    FROM JSON_TABLE(?2, '$[*]' COLUMNS (
        lane BIGINT PATH '$[0]', queue VARCHAR(255) PATH '$[1]', place BIGINT PATH '$[2]'
    )) AS t
    WHERE ?1 = 0 OR NOT EXISTS (
        SELECT 1 FROM queue_paused AS p WHERE p.queue = CONVERT(t.queue USING ascii) COLLATE ascii_bin
    )
) AS heads
WHERE heads.place IS NOT NULL
