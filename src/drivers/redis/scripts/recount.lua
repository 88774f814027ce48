#!lua flags=allow-oom
-- Corrects the number of a queue's failed jobs that could not be decoded, if nothing has moved since they were counted.
-- KEYS: 1 failed, 2 stats
-- ARGV: 1 failed jobs there were, 2 number that was kept, 3 number that there are
-- Returns: 1 if it was corrected, else 0
if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
if tonumber(redis.call('HGET', KEYS[2], 'system_errors') or 0) ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[2], 'system_errors', ARGV[3])
return 1
