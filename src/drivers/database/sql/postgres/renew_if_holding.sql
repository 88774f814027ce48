-- Renews the lease of a worker that holds something; of another nothing is written.
-- $1 until when, $2 the worker, $3 the worker's lane.
UPDATE queue_leases SET expires_at = $1
WHERE worker = $2 AND EXISTS (SELECT 1 FROM queue_jobs WHERE lane = $3)
