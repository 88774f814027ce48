#!lua flags=no-writes,allow-oom
-- Some of the members of a sorted set; all that are there all the time come up in one scan.
-- KEYS: 1 the set
-- ARGV: 1 cursor, 2 about how many
-- Returns: next cursor (0 at the end), then the members
local page = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply = { page[1] }
for i = 1, #page[2], 2 do reply[#reply + 1] = page[2][i] end
return reply
