#!lua flags=no-writes,allow-oom
-- Tells whether a queue has anything for the housekeepers.
-- KEYS: 1 delayed, 2 leases, 3 outbox
-- ARGV: 1 now or ''
-- Returns: number of due jobs, length of the outbox, then the workers whose lease has ended
local now = stamp(clock(ARGV[1]))
local reply = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 500)
table.insert(reply, 1, redis.call('ZCOUNT', KEYS[1], '-inf', now))
table.insert(reply, 2, redis.call('HLEN', KEYS[3]))
return reply
