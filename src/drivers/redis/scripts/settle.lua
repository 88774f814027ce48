#!lua flags=allow-oom
-- Ends attempts of one worker's jobs of one queue, each under its token.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 state, 7 stats, 8 completed, 9 cancelled, 10 failed,
--       11 the worker's reserved list
-- ARGV: 1 now or '', 2 queue, 3 wake channel, 4 worker, then two per job:
--       id (16) + token (22) + verb + t if it timed out, else - + delay in microseconds; trail
--       verb: c complete, l release, s snooze, q requeue, f fail, e fail as undecodable, x cancel
-- Returns: one letter per job: d done, r repeated, s stale
local delayed, state, stats, reserved = KEYS[5], KEYS[6], KEYS[7], KEYS[11]
local ENDED = { c = KEYS[8], x = KEYS[9], f = KEYS[10], e = KEYS[10] }
local now, holder = clock(ARGV[1]), ARGV[4] .. '\n'
local at = stamp(now)
local ids = {}
for i = 5, #ARGV, 2 do ids[#ids + 1] = sub(ARGV[i], 1, 16) end
local found = redis.call('HMGET', state, unpack(ids))
-- Changed as the batch is gone through, so that a job named twice is settled once.
local current = {}
for i, id in ipairs(ids) do current[id] = found[i] end

local outcomes, done, states, scores = {}, {}, {}, {}
local pushes, returns, ends, counts = { {}, {}, {}, {} }, { {}, {}, {}, {} }, {}, {}
local earliest
local function count(name) counts[name] = (counts[name] or 0) + 1 end

for i, id in ipairs(ids) do
  local head, trail, before = ARGV[3 + 2 * i], ARGV[4 + 2 * i], current[id]
  local token = sub(head, 17, 38)
  if is_held(before, token, holder) then
    local verb, delay = sub(head, 39, 39), tonumber(sub(head, 41))
    local priority = byte(before, 2) - 48
    -- The parts of the new state that a verb may change.
    local kind, attempt, available = verb, token, nil
    if verb == 's' or verb == 'q' then
      attempt = string.format('%06d', math.max(sub(token, 1, 6) - 1, 0)) .. sub(token, 7)
    end
    if verb == 'q' then
      kind = 'p'
      table.insert(returns[priority], id)
    elseif verb == 'l' or verb == 's' then
      local due = later(now, delay)
      available = stamp(due)
      if due > now then
        kind = 'd'
        scores[#scores + 1] = available
        scores[#scores + 1] = priority .. id
        earliest = math.min(earliest or due, due)
      else
        kind = 'p'
        table.insert(pushes[priority], id)
      end
    else
      local list = ENDED[verb]
      ends[list] = ends[list] or {}
      table.insert(ends[list], id)
    end
    if verb == 'l' then count('retried') end
    if verb == 'c' or verb == 'f' or verb == 'e' then count('processed') end
    if verb == 'f' or verb == 'e' then count('failed') end
    if verb == 'e' then count('system_errors') end
    if sub(head, 40, 40) == 't' then count('timeouts') end
    local times = available and available .. sub(before, 79, 94) or sub(before, 63, 94)
    current[id] = kind .. priority .. attempt .. token .. at .. times .. '\n' .. trail
    done[#done + 1] = id
    states[#states + 1] = id
    states[#states + 1] = current[id]
    outcomes[i] = 'd'
  elseif before and sub(before, 25, 46) == token then
    outcomes[i] = 'r'
  else
    outcomes[i] = 's'
  end
end
if #done == 0 then return table.concat(outcomes) end

-- These reads also fail on a key of a wrong type, while nothing has been written yet.
local wakes = false
for priority = 1, 4 do
  local gets = #pushes[priority] + #returns[priority] > 0
  if gets and redis.call('LLEN', KEYS[priority]) == 0 then wakes = true end
end
if earliest then
  local due = first_due(delayed)
  if not due or earliest < due then wakes = true end
end
for list in pairs(ends) do redis.call('LLEN', list) end
redis.call('LLEN', reserved)
redis.call('HLEN', stats)

redis.call('HSET', state, unpack(states))
for _, id in ipairs(done) do redis.call('LREM', reserved, -1, id) end
for priority = 1, 4 do
  if #pushes[priority] > 0 then redis.call('LPUSH', KEYS[priority], unpack(pushes[priority])) end
  -- The first of those given back is to be the first to run again, so it goes in last.
  local back = {}
  for i = #returns[priority], 1, -1 do back[#back + 1] = returns[priority][i] end
  if #back > 0 then redis.call('RPUSH', KEYS[priority], unpack(back)) end
end
if #scores > 0 then redis.call('ZADD', delayed, unpack(scores)) end
for list, ended in pairs(ends) do redis.call('LPUSH', list, unpack(ended)) end
for name, n in pairs(counts) do redis.call('HINCRBY', stats, name, n) end
if wakes then announce(ARGV[3], ARGV[2]) end
return table.concat(outcomes)
