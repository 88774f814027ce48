#!lua flags=allow-oom
-- Takes jobs of one queue for a worker, by priority and then first in first out. Due jobs are promoted first.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 state, 8 leases, 9 the worker's reserved list, 10 quarantine
-- ARGV: 1 now or '', 2 lease in microseconds, 3 call, 4 most jobs to take, 5 highest and 6 lowest priority to take,
--       7 worker, 8 most jobs to promote, 9 queue, 10 wake channel
-- Returns: now, microseconds until the next delayed job is due or -1, then three per job:
--          id + priority + attempts, value of `jobs`, trail
local delayed, jobs, state, leases, reserved, quarantine = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local now = clock(ARGV[1])
local at = stamp(now)
local call, max, worker = ARGV[3], tonumber(ARGV[4]), ARGV[7]
-- Fail on a key of a wrong type while nothing has been written yet.
redis.call('HLEN', jobs)
redis.call('HLEN', state)
redis.call('ZCARD', leases)
local holds = redis.call('LLEN', reserved) > 0

local promoted = promote(delayed, now, tonumber(ARGV[8]))
local reply, taken, states = { now, 0 }, {}, {}

-- Numbers are turned into text once for the whole batch: in a script that costs more than all else.
local first_attempt = '000001' .. call .. NEVER_SETTLED .. at
local hold = at .. worker .. '\n'

-- One popped id: reserved, or put aside if it is no job that may run. One bad id never stops the others.
local function take(id, digit, job, before)
  local kind = before and byte(before)
  local attempts = before and tonumber(sub(before, 3, 8))
  if not job or #job < 17 or (before and (#before < 95 or not attempts or (kind ~= 112 and kind ~= 100))) then
    redis.pcall('LPUSH', quarantine, id)
    return
  end
  taken[#taken + 1] = id
  states[#states + 1] = id
  if before then
    local trail, attempt = trail_of(before), string.format('%06d', math.min(attempts + 1, 999999))
    states[#states + 1] = 'r' .. digit .. attempt .. call .. sub(before, 25, 46) .. at .. sub(before, 63, 78) .. hold .. trail
    reply[#reply + 1] = id .. digit .. attempt
    reply[#reply + 1] = job
    reply[#reply + 1] = trail
  else
    states[#states + 1] = 'r' .. digit .. first_attempt .. available_at(job) .. hold
    reply[#reply + 1] = id .. digit .. '000001'
    reply[#reply + 1] = job
    reply[#reply + 1] = ''
  end
end

for priority = tonumber(ARGV[5]), tonumber(ARGV[6]), -1 do
  local digit = string.char(48 + priority)
  while #taken < max do
    local asked = max - #taken
    local ids = redis.call('RPOP', KEYS[priority], asked)
    if not ids then break end
    local bodies = redis.call('HMGET', jobs, unpack(ids))
    local befores = redis.call('HMGET', state, unpack(ids))
    for i, id in ipairs(ids) do take(id, digit, bodies[i], befores[i]) end
    if #ids < asked then break end
  end
end

if #taken > 0 then
  redis.call('HSET', state, unpack(states))
  redis.call('LPUSH', reserved, unpack(taken))
end
if holds or #taken > 0 then redis.call('ZADD', leases, 'GT', stamp(later(now, ARGV[2])), worker) end
if promoted > #taken then announce(ARGV[10], ARGV[9]) end
reply[2] = until_due(delayed, now)
return reply
