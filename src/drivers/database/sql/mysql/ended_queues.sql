-- How many records of ended jobs each queue has.
SELECT queue, CAST(SUM(completed) AS SIGNED), CAST(SUM(cancelled) AS SIGNED), CAST(SUM(failed) AS SIGNED)
FROM queue_stats GROUP BY queue HAVING SUM(completed + cancelled + failed) > 0 ORDER BY queue
