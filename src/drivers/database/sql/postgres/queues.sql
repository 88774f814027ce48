-- Every queue that was ever pushed to.
SELECT DISTINCT queue FROM queue_stats ORDER BY queue
