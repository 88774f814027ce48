#!lua flags=allow-oom
-- Makes due jobs of one queue pending, and tells what waits.
-- KEYS: 1-4 pending by priority, 5 delayed
-- ARGV: 1 now or '', 2 most jobs to promote, 3 queue, 4 wake channel
-- Returns: number promoted, microseconds until the next is due or -1, then the lengths of KEYS 1-4
local now = clock(ARGV[1])
local promoted = promote(KEYS[5], now, tonumber(ARGV[2]))
if promoted > 0 then announce(ARGV[4], ARGV[3]) end
local reply = { promoted, until_due(KEYS[5], now) }
for priority = 1, 4 do reply[2 + priority] = redis.call('LLEN', KEYS[priority]) end
return reply
