#!lua
-- Stores new jobs of one queue, all or none. No allow-oom: a full Redis refuses new jobs and goes on with the old ones.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 stats
-- ARGV: 1 now or '', 2 queue, 3 wake channel, then two per job:
--       id (16) + priority digit + n (now) | a (after) | t (at) + microseconds; body
-- Returns: one letter per job (p pending, d delayed, r repeated, c conflict), and 1 if these were the queue's first jobs.
local delayed, jobs, stats = KEYS[5], KEYS[6], KEYS[7]
local now = clock(ARGV[1])
local at = stamp(now)
local ids = {}
for i = 4, #ARGV, 2 do ids[#ids + 1] = sub(ARGV[i], 1, 16) end
local found = redis.call('HMGET', jobs, unpack(ids))

local stored, outcomes, pairs_to_set, scores, lists = {}, {}, {}, {}, { {}, {}, {}, {} }
local earliest
for i, id in ipairs(ids) do
  local head, body = ARGV[2 + 2 * i], ARGV[3 + 2 * i]
  local before = stored[id] or found[i]
  if before then
    local start = byte(before, 17) >= 97 and 34 or 18
    outcomes[i] = sub(before, start) == body and 'r' or 'c'
  else
    -- Numbers are turned into text as rarely as can be: in a script that costs more than all else.
    local digit, kind, due = sub(head, 17, 17), byte(head, 18), now
    if kind == 97 then due = later(now, sub(head, 19)) elseif kind == 116 then due = later(0, sub(head, 19)) end
    local job
    if due > now then
      local due_at = stamp(due)
      job = at .. string.char(48 + byte(digit)) .. due_at .. body
      scores[#scores + 1] = due_at
      scores[#scores + 1] = digit .. id
      earliest = math.min(earliest or due, due)
      outcomes[i] = 'd'
    else
      job = at .. digit .. body
      local list = lists[byte(digit) - 48]
      list[#list + 1] = id
      outcomes[i] = 'p'
    end
    stored[id] = job
    pairs_to_set[#pairs_to_set + 1] = id
    pairs_to_set[#pairs_to_set + 1] = job
  end
end
if #pairs_to_set == 0 then return { table.concat(outcomes), 0 } end

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

redis.call('HSET', jobs, unpack(pairs_to_set))
for priority = 1, 4 do
  if #lists[priority] > 0 then redis.call('LPUSH', KEYS[priority], unpack(lists[priority])) end
end
if #scores > 0 then redis.call('ZADD', delayed, unpack(scores)) end
local total = redis.call('HINCRBY', stats, 'enqueued', #pairs_to_set / 2)
if wakes then announce(ARGV[3], ARGV[2]) end
return { table.concat(outcomes), total == #pairs_to_set / 2 and 1 or 0 }
