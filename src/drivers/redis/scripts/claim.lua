#!lua
-- Claims an id that a caller chose for one job, before that job is stored in the slot of its queue. No allow-oom, as push.
-- The claim ends by itself unless it is confirmed.
-- KEYS: 1 claim
-- ARGV: 1 what is claimed: digest (32) + queue, 2 milliseconds after which the claim ends
-- Returns: number of the claim, higher than that of any before it, and 1 if there was none; nothing if another job has it
local claim, what = KEYS[1], ARGV[1]
local before = redis.call('GET', claim)
if before and sub(before, 17) ~= what then return {} end
-- The numbers of a test's clock could come twice.
local now = clock('')
if before then
  local number = stamp(math.max(now, sub(before, 1, 16) + 1))
  redis.call('SET', claim, number .. what, 'KEEPTTL')
  return { number, 0 }
end
local number = stamp(now)
redis.call('SET', claim, number .. what, 'PX', ARGV[2])
return { number, 1 }
