#!lua
-- Stores new jobs of one queue, all or none. No allow-oom: a full Redis refuses new jobs and goes on with the old ones.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 stats, and if any job has more to it 8 unique keys, 9 outbox
-- ARGV: 1 now or '', 2 queue, 3 wake channel, 4 w if a conflict of one withholds all, else -, then two per job:
--       id (16) + mark 1-4 or A-D + n (now) | a (after) | t (at) + of A-D: more + microseconds; body
-- Returns: one letter per job (p pending, d delayed, r repeated, n repeated and its claim noted, c conflict,
--          w withheld, u its unique key is taken), 1 if these were the queue's first jobs, then the holder of each key
--          that is taken
local delayed, jobs, stats, unique, outbox = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local now = clock(ARGV[1])
local at = stamp(now)
local ids = {}
for i = 5, #ARGV, 2 do ids[#ids + 1] = sub(ARGV[i], 1, 16) end
local found = redis.call('HMGET', jobs, unpack(ids))

if ARGV[4] == 'w' then
  local first, told, clashes = {}, {}, false
  for i, id in ipairs(ids) do
    local body, before = ARGV[4 + 2 * i], found[i]
    first[id] = before and sub(before, body_at(before)) or first[id] or body
    told[i] = first[id] == body and 'w' or 'c'
    if told[i] == 'c' then clashes = true end
  end
  if clashes then return { table.concat(told), 0 } end
end

local stored, outcomes, pairs_to_set, scores, lists = {}, {}, {}, {}, { {}, {}, {}, {} }
local earliest
local count, repeats = 0, 0
local locks, locked, claims, holders = {}, {}, {}, {}

for i, id in ipairs(ids) do
  local head, body = ARGV[3 + 2 * i], ARGV[4 + 2 * i]
  local before = stored[id] or found[i]
  if before then
    outcomes[i] = sub(before, body_at(before)) == body and 'r' or 'c'
    -- The record takes the number of the latest claim on its id: letting go of the record lets go of that claim.
    local claim = byte(head, 17) >= 65 and sub(head, 19, 34) or NO_CLAIM
    local known = byte(before, 17) >= 65 and byte(before, 17) < 97 and sub(before, 34, 49) or NO_CLAIM
    if outcomes[i] == 'r' and claim ~= NO_CLAIM and known ~= NO_CLAIM then
      outcomes[i] = 'n'
      if claim > known then
        stored[id] = sub(before, 1, 33) .. claim .. sub(before, 50)
        pairs_to_set[#pairs_to_set + 1] = id
        pairs_to_set[#pairs_to_set + 1] = stored[id]
        claims[#claims + 1] = 'c' .. id
        claims[#claims + 1] = claim
      end
    end
  else
    -- Numbers are turned into text as rarely as can be: in a script that costs more than all else.
    local mark, kind, due, more, from = byte(head, 17), byte(head, 18), now, nil, 19
    local digit, holder = sub(head, 17, 17), nil
    if mark >= 65 then
      local last = 37 + sub(head, 35, 37)
      digit, more, from = string.char(mark - 16), sub(head, 19, last), last + 1
      local key = sub(head, 38, last)
      if key ~= '' then
        holder = locked[key] or holder_of(unique, jobs, key)
        if not holder then
          locked[key] = id
          locks[#locks + 1] = key
          locks[#locks + 1] = id
        end
      end
    end
    if holder then
      outcomes[i] = 'u'
      holders[#holders + 1] = holder
    else
      if kind == 97 then due = later(now, sub(head, from)) elseif kind == 116 then due = later(0, sub(head, from)) end
      local job
      if due > now then
        local due_at = stamp(due)
        job = more and at .. sub(head, 17, 17) .. due_at .. more .. body
          or at .. string.char(48 + mark) .. due_at .. body
        scores[#scores + 1] = due_at
        scores[#scores + 1] = digit .. id
        earliest = math.min(earliest or due, due)
        outcomes[i] = 'd'
      else
        job = more and at .. sub(head, 17, 17) .. at .. more .. body or at .. digit .. body
        local list = lists[byte(digit) - 48]
        list[#list + 1] = id
        outcomes[i] = 'p'
      end
      local claim = more and sub(more, 1, 16) or NO_CLAIM
      if claim ~= NO_CLAIM then
        claims[#claims + 1] = 'c' .. id
        claims[#claims + 1] = claim
      end
      stored[id] = job
      count = count + 1
      pairs_to_set[#pairs_to_set + 1] = id
      pairs_to_set[#pairs_to_set + 1] = job
    end
  end
end
if #pairs_to_set == 0 then return { table.concat(outcomes), 0, unpack(holders) } end

-- These reads also fail on a key of a wrong type, while nothing has been written yet.
local wakes = false
for priority = 1, 4 do
  if #lists[priority] > 0 and redis.call('LLEN', KEYS[priority]) == 0 then wakes = true end
end
if earliest then
  local due = first_due(delayed)
  if not due or earliest < due then wakes = true end
end
redis.call('HLEN', stats)
if #claims > 0 then redis.call('HLEN', outbox) end

redis.call('HSET', jobs, unpack(pairs_to_set))
for priority = 1, 4 do
  if #lists[priority] > 0 then redis.call('LPUSH', KEYS[priority], unpack(lists[priority])) end
end
if #scores > 0 then redis.call('ZADD', delayed, unpack(scores)) end
if #locks > 0 then redis.call('HSET', unique, unpack(locks)) end
if #claims > 0 then redis.call('HSET', outbox, unpack(claims)) end
if count == 0 then return { table.concat(outcomes), 0, unpack(holders) } end
local total = redis.call('HINCRBY', stats, 'enqueued', count)
if wakes then announce(ARGV[3], ARGV[2]) end
return { table.concat(outcomes), total == count and 1 or 0, unpack(holders) }
