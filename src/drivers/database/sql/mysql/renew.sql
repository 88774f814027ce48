-- Grants or renews a worker's lease.
-- ?1 the worker, ?2 until when.
INSERT INTO queue_leases (worker, expires_at) VALUES (?1, ?2) ON DUPLICATE KEY UPDATE expires_at = VALUES(expires_at)
