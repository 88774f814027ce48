-- Grants or renews a worker's lease.
-- $1 the worker, $2 until when.
INSERT INTO queue_leases (worker, expires_at) VALUES ($1, $2)
ON CONFLICT (worker) DO UPDATE SET expires_at = excluded.expires_at
