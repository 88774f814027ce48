#!lua flags=allow-oom
-- Ends attempts of one worker's jobs of one queue, each under its token, and remembers what follows from them.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 state, 7 stats, 8 completed, 9 cancelled, 10 failed,
--       11 the worker's reserved list, 12 jobs, 13 unique keys, and with followers 14 outbox
-- ARGV: 1 now or '', 2 queue, 3 wake channel, 4 worker, 5 last argument that belongs to a job, then two per job:
--       id (16) + token (22) + verb + t if it timed out, p if the blocking pool was full, else - + delay in microseconds;
--       trail
--       verb: c complete, l release, s snooze, q requeue, f fail, e fail as undecodable, x cancel
--       and then three per follower: number of its job in this batch; field and value of the outbox
-- Returns: one letter per job: d done, r repeated, s stale
local delayed, state, stats, reserved = KEYS[5], KEYS[6], KEYS[7], KEYS[11]
local jobs, unique, outbox = KEYS[12], KEYS[13], KEYS[14]
local ENDED = { c = KEYS[8], x = KEYS[9], f = KEYS[10], e = KEYS[10] }
local now, last = clock(ARGV[1]), tonumber(ARGV[5])
local at = stamp(now)
local ids = {}
for i = 6, last, 2 do ids[#ids + 1] = sub(ARGV[i], 1, 16) end
local found = redis.call('HMGET', state, unpack(ids))
-- Changed as the batch is gone through, so that a job named twice is settled once.
local current = {}
for i, id in ipairs(ids) do current[id] = found[i] end

local outcomes, done, states, scores = {}, {}, {}, {}
local pushes, returns, ends, counts = { {}, {}, {}, {} }, { {}, {}, {}, {} }, {}, {}
local earliest, available
local timeouts, exhaustions = 0, 0
local freed = {}

-- Puts a job that is not at its end where it waits next. Returns p or d.
local function settle_later(id, head, verb, priority)
  if verb == 'q' then
    table.insert(returns[priority], id)
    return 'p'
  end
  local due = later(now, sub(head, 41))
  available = stamp(due)
  if due <= now then
    table.insert(pushes[priority], id)
    return 'p'
  end
  scores[#scores + 1] = available
  scores[#scores + 1] = string.char(48 + priority) .. id
  earliest = math.min(earliest or due, due)
  return 'd'
end

for i, id in ipairs(ids) do
  local head, trail, before = ARGV[4 + 2 * i], ARGV[5 + 2 * i], current[id]
  local token = sub(head, 17, 38)
  if is_held(before, token) then
    local verb, digit = sub(head, 39, 39), sub(before, 2, 2)
    -- The parts of the new state that a verb may change.
    local kind, attempt, times = verb, token, sub(before, 63, 94)
    local list = ENDED[verb]
    if list then
      local of_list = ends[list] or {}
      ends[list] = of_list
      of_list[#of_list + 1] = id
      if byte(digit) >= 65 then
        local job = redis.call('HGET', jobs, id)
        freed[#freed + 1] = job and held_key(unique, id, job)
      end
    else
      kind = settle_later(id, head, verb, byte(digit) - (byte(digit) < 65 and 48 or 64))
      if verb ~= 'l' then attempt = string.format('%06d', math.max(sub(token, 1, 6) - 1, 0)) .. sub(token, 7) end
      if verb ~= 'q' then times = available .. sub(before, 79, 94) end
    end
    counts[verb] = (counts[verb] or 0) + 1
    local counted = byte(head, 40)
    if counted == 116 then timeouts = timeouts + 1 elseif counted == 112 then exhaustions = exhaustions + 1 end
    current[id] = kind .. digit .. attempt .. token .. at .. times .. '\n' .. trail
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

local followers = {}
for i = last + 1, #ARGV, 3 do
  if outcomes[tonumber(ARGV[i])] == 'd' then
    followers[#followers + 1] = ARGV[i + 1]
    followers[#followers + 1] = at .. ARGV[i + 2]
  end
end

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
if #followers > 0 then redis.call('HLEN', outbox) end

redis.call('HSET', state, unpack(states))
if not cut_tail(reserved, done) then
  for _, id in ipairs(done) do redis.call('LREM', reserved, -1, id) end
end
for priority = 1, 4 do
  if #pushes[priority] > 0 then redis.call('LPUSH', KEYS[priority], unpack(pushes[priority])) end
  -- The first of those given back is to be the first to run again, so it goes in last.
  local back = {}
  for i = #returns[priority], 1, -1 do back[#back + 1] = returns[priority][i] end
  if #back > 0 then redis.call('RPUSH', KEYS[priority], unpack(back)) end
end
if #scores > 0 then redis.call('ZADD', delayed, unpack(scores)) end
for list, ended in pairs(ends) do redis.call('LPUSH', list, unpack(ended)) end
if #freed > 0 then redis.call('HDEL', unique, unpack(freed)) end
if #followers > 0 then redis.call('HSET', outbox, unpack(followers)) end
local function count(name, n)
  if n > 0 then redis.call('HINCRBY', stats, name, n) end
end
local failed = (counts.f or 0) + (counts.e or 0)
count('processed', (counts.c or 0) + failed)
count('failed', failed)
count('system_errors', counts.e or 0)
count('retried', counts.l or 0)
count('timeouts', timeouts)
count('thread_pool_exhaustion', exhaustions)
if wakes then announce(ARGV[3], ARGV[2]) end
return table.concat(outcomes)
