#!lua flags=no-writes,allow-oom
-- Some of what a hash holds; all that is there all the time comes up in one scan.
-- KEYS: 1 the hash
-- ARGV: 1 cursor, 2 about how many
-- Returns: next cursor (0 at the end), then two per field: it; value
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply = page[2]
table.insert(reply, 1, page[1])
return reply
