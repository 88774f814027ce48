#!lua flags=allow-oom
-- Ends attempts of one worker's jobs of one queue, each under its token, and remembers what follows from them.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 state, 7 stats, 8 completed, 9 cancelled, 10 failed,
--       11 the worker's reserved list, 12 jobs, 13 unique keys, and with followers 14 outbox
-- ARGV: 1 now or '', 2 queue, 3 wake channel, 4 last argument that belongs to a job, then for each group of jobs that end in
--       the same way: token (22) + verb + t if they timed out, p if the blocking pool was full, else - + delay in
--       microseconds; number of jobs; their ids; their trails
--       verb: c complete, l release, s snooze, q requeue, f fail, e fail as undecodable, x cancel
--       and then three per follower: number of its job in this batch; field and value of the outbox
-- Returns: one letter per job: d done, r repeated, s stale
local delayed, state, stats, reserved = KEYS[5], KEYS[6], KEYS[7], KEYS[11]
local jobs, unique, outbox = KEYS[12], KEYS[13], KEYS[14]
local ENDED = { c = KEYS[8], x = KEYS[9], f = KEYS[10], e = KEYS[10] }
local now, last = clock(ARGV[1]), tonumber(ARGV[4])
local at = stamp(now)

local outcomes, done, states, scores = {}, {}, {}, {}
local pushes, returns, ended, counts = { {}, {}, {}, {} }, { {}, {}, {}, {} }, {}, {}
local earliest
local freed = {}
-- Tokens of the jobs settled so far by id, so that a job named twice is settled once.
local settled = {}

-- How a group ends, by its head.
local function ending_of(head)
  local token, verb = sub(head, 1, 22), sub(head, 23, 23)
  local ending = { token = token, verb = verb, attempt = token, counted = sub(head, 24, 24) }
  if verb == 's' or verb == 'q' then
    ending.attempt = string.format('%06d', math.max(sub(token, 1, 6) - 1, 0)) .. sub(token, 7)
  end
  if ENDED[verb] then
    ending.kind = verb
    ending.list = ENDED[verb]
  else
    ending.kind = 'p'
    if verb ~= 'q' then
      local due = later(now, sub(head, 25))
      ending.available = stamp(due)
      if due > now then ending.kind, ending.due = 'd', due end
    end
  end
  return ending
end

-- What stands before the trail in the new state of a job that ends so, and its mark; or r or s and nothing.
local function judged(before, ending)
  local token = ending.token
  if is_held(before, token) then
    local times = ending.available and ending.available .. sub(before, 79, 94) or sub(before, 63, 94)
    return ending.kind .. sub(before, 2, 2) .. ending.attempt .. token .. at .. times .. '\n', byte(before, 2)
  end
  return before and sub(before, 25, 46) == token and 'r' or 's', nil
end

-- Puts a job that is not at its end where it waits next.
local function settle_later(id, ending, priority)
  if ending.verb == 'q' then
    table.insert(returns[priority], id)
  elseif not ending.due then
    table.insert(pushes[priority], id)
  else
    scores[#scores + 1] = ending.available
    scores[#scores + 1] = string.char(48 + priority) .. id
    earliest = math.min(earliest or ending.due, ending.due)
  end
end

-- Settles jobs in mind: `ids` and `trails` are the arguments before the first of each. Many are in one and the same state,
-- which is judged once: strings cost more than all else here.
local function settle(ending, count, ids, trails)
  local found = redis.call('HMGET', state, unpack(ARGV, ids + 1, ids + count))
  local list, token, told, before_it = ending.list, ending.token, #outcomes, #done
  local n = before_it
  local judgement, same, mark
  for i = 1, count do
    local id, before = ARGV[ids + i], found[i]
    if before ~= same or not judgement then
      judgement, mark = judged(before, ending)
      same = before
    end
    if settled[id] then
      outcomes[told + i] = settled[id] == token and 'r' or 's'
    elseif not mark then
      outcomes[told + i] = judgement
    else
      n = n + 1
      outcomes[told + i], settled[id], done[n] = 'd', token, id
      states[2 * n - 1], states[2 * n] = id, judgement .. ARGV[trails + i]
      if not list then
        settle_later(id, ending, priority_of(mark))
      elseif mark >= 65 then
        local job = redis.call('HGET', jobs, id)
        freed[#freed + 1] = job and held_key(unique, id, job) or nil
      end
    end
  end
  if list and n > before_it then ended[#ended + 1] = { list, before_it + 1, n } end
  counts[ending.verb] = (counts[ending.verb] or 0) + n - before_it
  counts[ending.counted] = (counts[ending.counted] or 0) + n - before_it
end

local place = 5
while place <= last do
  local count = tonumber(ARGV[place + 1])
  settle(ending_of(ARGV[place]), count, place + 1, place + 1 + count)
  place = place + 2 + 2 * count
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
for _, part in ipairs(ended) do redis.call('LLEN', part[1]) end
redis.call('LLEN', reserved)
redis.call('HLEN', stats)
if #followers > 0 then redis.call('HLEN', outbox) end

redis.call('HSET', state, unpack(states))
if not cut_tail(reserved, done, settled) then
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
for _, part in ipairs(ended) do redis.call('LPUSH', part[1], unpack(done, part[2], part[3])) end
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
count('timeouts', counts.t or 0)
count('thread_pool_exhaustion', counts.p or 0)
if wakes then announce(ARGV[3], ARGV[2]) end
return table.concat(outcomes)
