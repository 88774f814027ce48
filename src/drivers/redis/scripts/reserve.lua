#!lua flags=allow-oom
-- Takes jobs of one queue for a worker, by priority and then first in first out. Due jobs are promoted first.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 state, 8 leases, 9 the worker's reserved list, 10 quarantine,
--       11 marks
-- ARGV: 1 now or '', 2 lease in microseconds, 3 call, 4 most jobs to take, 5 priorities to take, a digit each, in order,
--       6 worker, 7 most jobs to promote, 8 queue, 9 wake channel, 10 bytes after which no more are taken
-- Returns: now, microseconds until the next delayed job is due or -1, then three per job:
--          id + priority + attempts, value of `jobs`, trail
local delayed, jobs, state, leases, reserved, quarantine = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local marks = KEYS[11]
local now = clock(ARGV[1])
local at = stamp(now)
local call, max, order, worker = ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
-- Fail on a key of a wrong type while nothing has been written yet.
redis.call('HLEN', jobs)
redis.call('HLEN', state)
redis.call('ZCARD', leases)
local holds = redis.call('LLEN', reserved) > 0
local is_marked, husks = redis.call('HLEN', marks) > 0, 0
if is_marked and redis.call('HEXISTS', marks, 'paused') == 1 then max = 0 end

local promoted = promote(delayed, now, tonumber(ARGV[7]))
local reply, taken, states = { now, 0 }, {}, {}

-- Husks that one call lets go of, so that however many there are it stays short.
local MOST_HUSKS = 1000

-- Jobs popped before it is known how large they are, and most of those after them, of which it is guessed.
local PROBED, GUESSED = 8, 64
local bytes, most_bytes = 0, tonumber(ARGV[10])

local function next_batch()
  local left = max - #taken
  if #taken == 0 then return math.min(left, PROBED) end
  return math.min(left, GUESSED, math.max(math.floor((most_bytes - bytes) * #taken / bytes), 1))
end

-- Numbers are turned into text once for the whole batch: in a script that costs more than all else.
local first_attempt = '000001' .. call .. NEVER_SETTLED .. at
local hold = at .. worker .. '\n'

-- One popped id: reserved, or put aside if it is no job that may run. One bad id never stops the others.
local function take(id, digit, job, before)
  local kind = before and byte(before)
  if not is_job(id, job) or (before and (not is_state(before) or (kind ~= 112 and kind ~= 100))) then
    redis.pcall('LPUSH', quarantine, id)
    return
  end
  local attempts = before and tonumber(sub(before, 3, 8))
  bytes = bytes + #job + (before and #before or 0)
  taken[#taken + 1] = id
  states[#states + 1] = id
  if before then
    local trail, attempt = trail_of(before), string.format('%06d', math.min(attempts + 1, 999999))
    states[#states + 1] = 'r' .. sub(before, 2, 2) .. attempt .. call .. sub(before, 25, 46) .. at .. sub(before, 63, 78) .. hold .. trail
    reply[#reply + 1] = id .. digit .. attempt
    reply[#reply + 1] = job
    reply[#reply + 1] = trail
  else
    local mark = byte(job, 17)
    local kept, available = digit, nil
    if mark < 65 then
      available = sub(job, 1, 16)
    else
      available = sub(job, 18, 33)
      if mark < 97 then kept = string.char(mark) end
    end
    states[#states + 1] = 'r' .. kept .. first_attempt .. available .. hold
    reply[#reply + 1] = id .. digit .. '000001'
    reply[#reply + 1] = job
    reply[#reply + 1] = ''
  end
end

for place = 1, #order do
  local digit = sub(order, place, place)
  local priority = byte(digit) - 48
  while #taken < max and husks < MOST_HUSKS and bytes < most_bytes do
    local asked = next_batch()
    local ids = redis.call('RPOP', KEYS[priority], asked)
    if not ids then break end
    local popped = #ids
    if is_marked then
      ids = without_husks(marks, digit, ids)
      husks = husks + popped - #ids
    end
    if #ids > 0 then
      local bodies = redis.call('HMGET', jobs, unpack(ids))
      local befores = redis.call('HMGET', state, unpack(ids))
      for i, id in ipairs(ids) do take(id, digit, bodies[i], befores[i]) end
    end
    if popped < asked or husks >= MOST_HUSKS then break end
  end
end

if #taken > 0 then
  redis.call('HSET', state, unpack(states))
  redis.call('LPUSH', reserved, unpack(taken))
end
if holds or #taken > 0 then redis.call('ZADD', leases, 'GT', stamp(later(now, ARGV[2])), worker) end
if promoted > #taken or husks >= MOST_HUSKS or bytes >= most_bytes then announce(ARGV[9], ARGV[8]) end
reply[2] = until_due(delayed, now)
return reply
