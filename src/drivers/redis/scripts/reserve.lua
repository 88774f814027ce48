#!lua flags=allow-oom
-- Takes jobs of one queue for a worker, by priority and then first in first out. Due jobs are promoted first.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 state, 8 leases, 9 the worker's reserved list, 10 quarantine,
--       11 marks
-- ARGV: 1 now or '', 2 lease in microseconds, 3 call, 4 most jobs to take, 5 priorities to take, a digit each, in order,
--       6 worker, 7 most jobs to promote, 8 queue, 9 wake channel, 10 bytes after which no more are taken
-- Returns: now, microseconds until the next delayed job is due or -1, then an array for each batch:
--          priority, ids, values of `jobs`, and unless all of them are plain jobs reserved for the first time, attempts (6)
--          + trail of each
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
local reply, taken = { now, 0 }, 0

-- Husks that one call lets go of, so that however many there are it stays short.
local MOST_HUSKS = 1000

-- Jobs popped before it is known how large they are, and most of those after them, of which it is guessed.
local PROBED, GUESSED = 8, 64
local bytes, most_bytes = 0, tonumber(ARGV[10])

local function next_batch()
  local left = max - taken
  if taken == 0 then return math.min(left, PROBED) end
  return math.min(left, GUESSED, math.max(math.floor((most_bytes - bytes) * taken / bytes), 1))
end

local first_attempt = '000001' .. call .. NEVER_SETTLED .. at .. AS_IN_JOBS .. at .. worker .. '\n'
local first_states = {}

-- The state of a job with this mark that is reserved for the first time.
local function first_state(mark)
  if not first_states[mark] then
    local kept = mark >= 65 and mark < 97 and mark or 48 + priority_of(mark)
    first_states[mark] = 'r' .. string.char(kept) .. first_attempt
  end
  return first_states[mark]
end

-- The same of one that has a state, and its attempts and trail; nil if it may not run.
local function next_state(before)
  local kind = byte(before)
  if not is_state(before) or (kind ~= 112 and kind ~= 100) then return nil end
  local trail, attempt = trail_of(before), string.format('%06d', math.min(sub(before, 3, 8) + 1, 999999))
  local state = 'r' .. sub(before, 2, 2) .. attempt .. call .. sub(before, 25, 46) .. at .. sub(before, 63, 78) .. at
    .. worker .. '\n' .. trail
  return state, attempt .. trail
end

-- Enters what is reserved.
local function hold(digit, ids, bodies, states, pasts)
  redis.call('HSET', state, unpack(states))
  redis.call('LPUSH', reserved, unpack(ids))
  taken = taken + #ids
  reply[#reply + 1] = { digit, ids, bodies, pasts }
end

-- Reserves jobs of which nothing is out of the ordinary, as most are: never reserved before, and no more to them. Does
-- nothing, and says so, if one of them is another.
local function take_plain(digit, ids, bodies, befores)
  local plain, after, states, sum = byte(digit), first_state(byte(digit)), {}, 0
  for i = 1, #ids do
    local id, job = ids[i], bodies[i]
    if befores[i] or not job or mark_of(id, job) ~= plain then return false end
    states[2 * i - 1], states[2 * i] = id, after
    sum = sum + #job
  end
  bytes = bytes + sum
  hold(digit, ids, bodies, states)
  return true
end

-- Reserves each job that may run, and puts the others aside. One bad id never stops the others.
local function take_each(digit, popped, values, befores)
  local ids, bodies, pasts, states = {}, {}, {}, {}
  for i = 1, #popped do
    local id, job, before = popped[i], values[i], befores[i]
    local mark, after, past = mark_of(id, job), nil, '000001'
    if mark and not before then
      after = first_state(mark)
    elseif mark then
      after, past = next_state(before)
    end
    if after then
      local n = #ids + 1
      ids[n], bodies[n], pasts[n] = id, job, past
      states[2 * n - 1], states[2 * n] = id, after
      bytes = bytes + #job + (before and #before or 0)
    else
      redis.pcall('LPUSH', quarantine, id)
    end
  end
  if #ids > 0 then hold(digit, ids, bodies, states, pasts) end
end

for place = 1, #order do
  local digit = sub(order, place, place)
  local priority = byte(digit) - 48
  while taken < max and husks < MOST_HUSKS and bytes < most_bytes do
    local asked = next_batch()
    local ids = redis.pcall('RPOP', KEYS[priority], asked)
    -- A list of a wrong type: what was taken before it is handed out all the same.
    if ids and ids.err and taken == 0 then return ids end
    if not ids or ids.err then break end
    local popped = #ids
    if is_marked then
      ids = without_husks(marks, digit, ids)
      husks = husks + popped - #ids
    end
    if #ids > 0 then
      local bodies, befores = redis.call('HMGET', jobs, unpack(ids)), redis.call('HMGET', state, unpack(ids))
      if not take_plain(digit, ids, bodies, befores) then take_each(digit, ids, bodies, befores) end
    end
    if popped < asked or husks >= MOST_HUSKS then break end
  end
end

if holds or taken > 0 then redis.call('ZADD', leases, 'GT', stamp(later(now, ARGV[2])), worker) end
if promoted > taken or husks >= MOST_HUSKS or bytes >= most_bytes then announce(ARGV[9], ARGV[8]) end
reply[2] = until_due(delayed, now)
return reply
