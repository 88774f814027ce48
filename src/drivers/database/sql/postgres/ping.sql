-- Whether the server answers and has the tables.
SELECT 1 FROM queue_stats LIMIT 1
