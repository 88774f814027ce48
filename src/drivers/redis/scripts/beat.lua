#!lua flags=allow-oom
-- Renews a worker's lease on one queue and compares what it says it holds with what is so.
-- KEYS: 1 state, 2 leases, 3 the worker's reserved list, 4 jobs
-- ARGV: 1 now or '', 2 lease in microseconds, 3 worker, 4 most unknown jobs to tell, then one per held job:
--       id (16) + token (22)
-- Returns: a letter per held job (h held, l lost), then four per unknown job:
--          id + priority + attempts, value of `jobs`, trail, call + when it was reserved
local state, leases, reserved, jobs = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, worker = clock(ARGV[1]), ARGV[3]
local marks, known, matching = {}, {}, 0
for first = 5, #ARGV, 500 do
  local ids = {}
  for i = first, math.min(first + 499, #ARGV) do ids[#ids + 1] = sub(ARGV[i], 1, 16) end
  local states = redis.call('HMGET', state, unpack(ids))
  for i, id in ipairs(ids) do
    local holds = is_held(states[i], sub(ARGV[first + i - 1], 17, 38))
    marks[#marks + 1] = holds and 'h' or 'l'
    if holds and not known[id] then
      known[id] = true
      matching = matching + 1
    end
  end
end

local reply = { table.concat(marks) }
local length = redis.call('LLEN', reserved)
if length > matching then
  for _, id in ipairs(redis.call('LRANGE', reserved, 0, -1)) do
    if not known[id] and #reply < 1 + 4 * ARGV[4] then
      local found, job = redis.call('HGET', state, id), redis.call('HGET', jobs, id)
      if found and job then
        reply[#reply + 1] = id .. sub(found, 2, 8)
        reply[#reply + 1] = job
        reply[#reply + 1] = trail_of(found)
        reply[#reply + 1] = sub(found, 9, 24) .. sub(found, 47, 62)
      end
    end
  end
end
if length > 0 then redis.call('ZADD', leases, 'GT', stamp(later(now, ARGV[2])), worker) end
return reply
