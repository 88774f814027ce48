-- The queues that may have had a record of that age, now pruned.
-- ?1 when the id was made, in milliseconds.
SELECT DISTINCT queue FROM queue_stats WHERE pruned_until >= ?1
