#!lua flags=allow-oom
-- Makes the claim on an id last, because its job is stored.
-- KEYS: 1 claim
-- ARGV: 1 number of the claim, 2 what is claimed: digest (32) + queue, 3 e if any claim of this job will do, and is made
--       where there is none; else -
-- Returns: 1 if it lasts, else 0
local claim, number, what = KEYS[1], ARGV[1], ARGV[2]
local found = redis.call('GET', claim)
if not found then
  if ARGV[3] ~= 'e' then return 0 end
  redis.call('SET', claim, number .. what)
  return 1
end
if found ~= number .. what and not (ARGV[3] == 'e' and sub(found, 17) == what) then return 0 end
redis.call('PERSIST', claim)
return 1
