#!lua flags=no-writes,allow-oom
-- Some of what an outbox holds; all that is there all the time comes up in one scan.
-- KEYS: 1 outbox
-- ARGV: 1 cursor, 2 about how many
-- Returns: next cursor (0 at the end), then two per entry: field; value
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
return { page[1], unpack(page[2]) }
