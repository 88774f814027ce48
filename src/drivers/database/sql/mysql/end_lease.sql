-- Ends the lease of a worker that holds nothing.
-- ?1 the worker, ?2 the worker's lane.
DELETE FROM queue_leases WHERE worker = ?1 AND NOT EXISTS (SELECT 1 FROM queue_jobs WHERE lane = ?2)
