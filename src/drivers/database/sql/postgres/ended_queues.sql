-- How many records of ended jobs each queue has.
SELECT queue, sum(completed)::bigint, sum(cancelled)::bigint, sum(failed)::bigint
FROM queue_stats GROUP BY queue HAVING SUM(completed + cancelled + failed) > 0 ORDER BY queue
