-- Locks the leases that have ended, as far as others have not.
-- $1 now, $2 the worker that asks and is alive.
SELECT worker FROM queue_leases WHERE expires_at <= $1 AND worker <> $2
ORDER BY expires_at FOR UPDATE SKIP LOCKED
