#!lua flags=allow-oom
-- Ends the claim on an id whose job of this queue is gone. A later claim of the same queue is for a push on its way: it
-- gets a time at which it ends, in case that push never comes.
-- KEYS: 1 claim
-- ARGV: 1 number of the claim, 2 queue, 3 milliseconds after which a later claim ends
-- Returns: 1 if there is such a later claim, else 0
local claim = KEYS[1]
local found = redis.call('GET', claim)
if not found or sub(found, 49) ~= ARGV[2] then return 0 end
if sub(found, 1, 16) + 0 <= ARGV[1] + 0 then
  redis.call('DEL', claim)
  return 0
end
redis.call('PEXPIRE', claim, ARGV[3])
return 1
