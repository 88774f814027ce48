#!lua flags=allow-oom
-- Ends a worker's lease on one queue, if it holds nothing there.
-- KEYS: 1 leases, 2 the worker's reserved list
-- ARGV: 1 worker
-- Returns: 1 if there was a lease that ended, else 0
if redis.call('LLEN', KEYS[2]) > 0 then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
