#!lua flags=allow-oom
-- Hands the jobs of a worker whose lease has ended to another, under fresh tokens, attempts unchanged.
-- KEYS: 1 leases, 2 the dead worker's reserved list, 3 the new holder's, 4 jobs, 5 state, 6 quarantine
-- ARGV: 1 now or '', 2 lease in microseconds, 3 call, 4 most jobs, 5 new holder, 6 dead worker
-- Returns: now, then four per job: id + priority + attempts, value of `jobs`, trail, started_at + the dead worker
local leases, from, to, jobs, state, quarantine = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now, call, worker = clock(ARGV[1]), ARGV[3], ARGV[5]
local at, reply = stamp(now), { now }
-- Looked at again: the worker may have been heard of since it was found dead.
local ends = redis.call('ZSCORE', leases, ARGV[6])
if not ends or tonumber(ends) > now then return reply end
-- Fail on a key of a wrong type while nothing has been written yet.
redis.call('HLEN', jobs)
redis.call('HLEN', state)
redis.call('LLEN', to)

local moved, states = {}, {}
local ids = redis.call('RPOP', from, ARGV[4]) or {}
if #ids > 0 then
  local bodies = redis.call('HMGET', jobs, unpack(ids))
  local befores = redis.call('HMGET', state, unpack(ids))
  for i, id in ipairs(ids) do
    local job, before = bodies[i], befores[i]
    if mark_of(id, job) and before and is_state(before) and byte(before) == 114 then
      local trail = trail_of(before)
      moved[#moved + 1] = id
      states[#states + 1] = id
      states[#states + 1] = sub(before, 1, 8) .. call .. sub(before, 25, 46) .. at
        .. sub(before, 63, 94) .. worker .. '\n' .. trail
      reply[#reply + 1] = id .. sub(before, 2, 8)
      reply[#reply + 1] = job
      reply[#reply + 1] = trail
      reply[#reply + 1] = sub(before, 79, 94) .. ARGV[6]
    else
      redis.pcall('LPUSH', quarantine, id)
    end
  end
end
if #moved > 0 then
  redis.call('HSET', state, unpack(states))
  redis.call('LPUSH', to, unpack(moved))
  redis.call('ZADD', leases, 'GT', stamp(later(now, ARGV[2])), worker)
end
if redis.call('LLEN', from) == 0 then redis.call('ZREM', leases, ARGV[6]) end
return reply
