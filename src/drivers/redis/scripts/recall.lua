#!lua flags=no-writes,allow-oom
-- Finds what an earlier call, whose answer was lost, took for a worker.
-- KEYS: 1 the worker's reserved list, 2 jobs, 3 state
-- ARGV: 1 call, 2 most jobs
-- Returns: four per job, in the order of the call: id + priority + attempts, value of `jobs`, trail, when it was reserved
local reply = {}
local ids = redis.call('LRANGE', KEYS[1], 0, -1)
for last = #ids, 1, -500 do
  local chunk = {}
  for i = last, math.max(last - 499, 1), -1 do chunk[#chunk + 1] = ids[i] end
  local states = redis.call('HMGET', KEYS[3], unpack(chunk))
  for i, id in ipairs(chunk) do
    local state = states[i]
    if state and sub(state, 1, 1) == 'r' and sub(state, 9, 24) == ARGV[1] and #reply < 4 * ARGV[2] then
      local job = redis.call('HGET', KEYS[2], id)
      if job then
        reply[#reply + 1] = id .. sub(state, 2, 8)
        reply[#reply + 1] = job
        reply[#reply + 1] = trail_of(state)
        reply[#reply + 1] = sub(state, 47, 62)
      end
    end
  end
end
return reply
