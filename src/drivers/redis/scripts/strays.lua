#!lua flags=no-writes,allow-oom
-- Looks at some of a queue's states for those of no job.
-- KEYS: 1 state, 2 jobs
-- ARGV: 1 cursor, 2 about how many to look at
-- Returns: next cursor (0 at the end), bytes read, then the ids
local page, read = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]), 0
local reply = { page[1], 0 }
for i = 1, #page[2], 2 do
  read = read + #page[2][i + 1]
  if redis.call('HEXISTS', KEYS[2], page[2][i]) == 0 then reply[#reply + 1] = page[2][i] end
end
reply[2] = read
return reply
