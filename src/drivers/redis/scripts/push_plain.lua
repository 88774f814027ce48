#!lua
-- Stores new jobs of one queue that may run at once and have nothing to them but a body, all or none; most pushes are
-- of such. It leaves to push.lua whatever holds an id that is there already. No allow-oom, like push.lua.
-- KEYS: 1 jobs, 2 stats, 3- the pending list of each priority that has jobs here
-- ARGV: 1 now or '', 2 queue, 3 wake channel, then for each of those lists its mark 1-4 and how many jobs go there, then
--       id and body of each job, in the order of the lists; no id twice
-- Returns: 1 if these were the queue's first jobs, 0 if not, -1 if an id is there already: then nothing was done
local jobs, lists = KEYS[1], #KEYS - 2
local first = 4 + 2 * lists
local ids, pairs_to_set = {}, {}
local at = stamp(clock(ARGV[1]))
local head, left, list = nil, 0, 0
for i = first, #ARGV, 2 do
  if left == 0 then
    head, left = at .. ARGV[4 + 2 * list], tonumber(ARGV[5 + 2 * list])
    list = list + 1
  end
  left = left - 1
  local id = ARGV[i]
  ids[#ids + 1] = id
  pairs_to_set[i - first + 1] = id
  pairs_to_set[i - first + 2] = head .. ARGV[i + 1]
end
for _, found in ipairs(redis.call('HMGET', jobs, unpack(ids))) do
  if found then return -1 end
end

-- This also fails on a key of a wrong type while nothing has been written yet, as the increment does on stats.
local wakes = false
for i = 1, lists do
  if redis.call('LLEN', KEYS[2 + i]) == 0 then wakes = true end
end
local total = redis.call('HINCRBY', KEYS[2], 'enqueued', #ids)
redis.call('HSET', jobs, unpack(pairs_to_set))
local from = 1
for i = 1, lists do
  local to = from + ARGV[3 + 2 * i] - 1
  redis.call('LPUSH', KEYS[2 + i], unpack(ids, from, to))
  from = to + 1
end
if wakes then announce(ARGV[3], ARGV[2]) end
return total == #ids and 1 or 0
