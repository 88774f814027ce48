#!lua flags=allow-oom
-- Strikes what is done out of an outbox. An entry that says something else by now stays.
-- KEYS: 1 outbox
-- ARGV: two per entry: field; what it must say, or '' if it does not matter
-- Returns: number of entries struck out
local done = {}
for i = 1, #ARGV, 2 do
  if ARGV[i + 1] == '' or redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then done[#done + 1] = ARGV[i] end
end
return #done > 0 and redis.call('HDEL', KEYS[1], unpack(done)) or 0
