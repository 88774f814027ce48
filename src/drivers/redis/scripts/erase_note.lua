#!lua flags=allow-oom
-- Removes a note.
-- KEYS: 1 bodies, 2 names, 3 ends
-- ARGV: 1 now or '', 2 key
-- Returns: 1 if it was there, 0 if not, or no more
local ends = redis.call('ZSCORE', KEYS[3], ARGV[2])
if not ends then return 0 end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[2])
return tonumber(ends) > clock(ARGV[1]) and 1 or 0
