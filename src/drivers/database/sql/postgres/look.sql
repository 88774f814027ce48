-- The first place of each line in which something stands from a place on, and the time. Paused queues can be left out.
-- $1 whether pauses are heeded; a row is lane, queue, place.
SELECT t.lane, head.place, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS t (lane, queue, place)
CROSS JOIN LATERAL (
    SELECT j.place FROM queue_jobs AS j
    WHERE j.lane = t.lane AND j.place >= t.place
    ORDER BY j.place, j.id LIMIT 1
) AS head
WHERE $1 = 0 OR NOT EXISTS (SELECT 1 FROM queue_paused AS p WHERE p.queue = t.queue)
