#!lua flags=allow-oom
-- Tells how many jobs a worker holds of a queue without a lease, and gives it one if told to.
-- KEYS: 1 leases, 2 the worker's reserved list
-- ARGV: 1 now or '', 2 worker, 3 microseconds of the lease to give, or '' to look only
-- Returns: how many jobs it held without a lease
local held = redis.call('LLEN', KEYS[2])
if held == 0 or redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
if ARGV[3] ~= '' then redis.call('ZADD', KEYS[1], 'NX', stamp(later(clock(ARGV[1]), ARGV[3])), ARGV[2]) end
return held
