#!lua flags=no-writes,allow-oom
-- One queue in numbers, at a cost that does not depend on how many jobs it has.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 completed, 7 failed, 8 cancelled, 9 stats, 10 leases, 11 marks
-- ARGV: none
-- Returns: lengths of KEYS 1-8, then enqueued, processed, failed, retried, timeouts, thread_pool_exhaustion,
--          system_errors, then the workers that may hold jobs
local reply = {}
for i = 1, 8 do reply[i] = redis.call(i == 5 and 'ZCARD' or 'LLEN', KEYS[i]) end
local husks = redis.call('HMGET', KEYS[11], 1, 2, 3, 4)
for priority = 1, 4 do reply[priority] = math.max(reply[priority] - (husks[priority] or 0), 0) end
local counts = redis.call('HMGET', KEYS[9], 'enqueued', 'processed', 'failed', 'retried', 'timeouts',
  'thread_pool_exhaustion', 'system_errors')
for i = 1, 7 do reply[8 + i] = tonumber(counts[i] or 0) end
for _, worker in ipairs(redis.call('ZRANGE', KEYS[10], 0, -1)) do reply[#reply + 1] = worker end
return reply
