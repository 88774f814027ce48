#!lua flags=no-writes,allow-oom
-- Tells whether a queue has anything for the housekeepers.
-- KEYS: 1 delayed, 2 leases, 3 outbox
-- ARGV: 1 now or ''
-- Returns: number of due jobs, length of the outbox, 1 if there is anything in KEYS 1-3, then the workers whose lease has
--          ended
local now = stamp(clock(ARGV[1]))
local untold = redis.call('HLEN', KEYS[3])
local some = untold > 0 or redis.call('ZCARD', KEYS[1]) > 0 or redis.call('ZCARD', KEYS[2]) > 0
local reply = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 500)
table.insert(reply, 1, redis.call('ZCOUNT', KEYS[1], '-inf', now))
table.insert(reply, 2, untold)
table.insert(reply, 3, some and 1 or 0)
return reply
