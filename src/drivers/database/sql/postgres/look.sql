-- The first place of each line that is not empty, and the time. Paused queues are left out.
-- A row is lane, queue.
SELECT t.lane, head.place, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM unnest($1::bigint[], $2::text[]) AS t (lane, queue)
CROSS JOIN LATERAL (
    SELECT j.place FROM queue_jobs AS j WHERE j.lane = t.lane ORDER BY j.place, j.id LIMIT 1
) AS head
WHERE NOT EXISTS (SELECT 1 FROM queue_paused AS p WHERE p.queue = t.queue)
