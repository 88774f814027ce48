#!lua flags=allow-oom
-- Removes waiting jobs of one queue for good: pending ones first, then delayed ones.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 state, 8 unique keys, 9 outbox, 10 marks
-- ARGV: 1 most to remove, 2 priorities to remove, a digit each, 3 delayed jobs to pass over
-- Returns: number removed, number of delayed jobs passed over here, 1 if nothing is left to look at, then two per removed
--          job under a named id: id; number of the claim on it
local delayed, jobs, state, unique, outbox = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
-- Delayed jobs that one call goes past: to pass one over costs far less than to remove it.
local LOOKED_THROUGH = 5000
local most, priorities, skipped = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
-- Fail on a key of a wrong type while nothing has been written yet.
for priority = 1, 4 do redis.call('LLEN', KEYS[priority]) end
for i = 5, 10 do redis.call(i == 5 and 'ZCARD' or 'HLEN', KEYS[i]) end

local gone, passed, husks = {}, 0, 0
for place = 1, #priorities do
  local room = most - #gone - husks
  if room == 0 then break end
  local digit = sub(priorities, place, place)
  local ids = redis.call('RPOP', KEYS[byte(digit) - 48], room) or {}
  local popped = #ids
  if popped > 0 then ids = without_husks(KEYS[10], digit, ids) end
  husks = husks + popped - #ids
  for _, id in ipairs(ids) do gone[#gone + 1] = id end
end
local is_all = false
local room = most - #gone - husks
if room > 0 then
  local members = redis.call('ZRANGE', delayed, skipped, skipped + LOOKED_THROUGH - 1)
  local taken = {}
  is_all = #members < LOOKED_THROUGH
  for _, member in ipairs(members) do
    if #taken == room then
      is_all = false
      break
    end
    if string.find(priorities, sub(member, 1, 1), 1, true) then
      taken[#taken + 1] = member
      gone[#gone + 1] = sub(member, 2)
    else
      passed = passed + 1
    end
  end
  if #taken > 0 then redis.call('ZREM', delayed, unpack(taken)) end
end

local reply, claims, removed = { 0, passed, is_all and 1 or 0 }, {}, 0
-- Few at a time: a body may be large.
for first = 1, #gone, 20 do
  local ids = { unpack(gone, first, math.min(first + 19, #gone)) }
  local bodies, states = redis.call('HMGET', jobs, unpack(ids)), redis.call('HMGET', state, unpack(ids))
  local records = {}
  for i, id in ipairs(ids) do
    local job, kind = bodies[i], states[i] and sub(states[i], 1, 1) or 'p'
    -- An id that was put into a list by hand takes no job with it that does not wait.
    if kind == 'p' or kind == 'd' then
      records[#records + 1] = id
      if job then removed = removed + 1 end
      if job and has_more(byte(job, 17)) then
        local key = held_key(unique, id, job)
        if key then redis.call('HDEL', unique, key) end
        note_release(claims, reply, id, claim_of(job))
      end
    end
  end
  if #records > 0 then
    redis.call('HDEL', jobs, unpack(records))
    redis.call('HDEL', state, unpack(records))
  end
end
if #claims > 0 then redis.call('HSET', outbox, unpack(claims)) end
reply[1] = removed
return reply
