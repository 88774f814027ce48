#!lua flags=no-writes,allow-oom
-- A page of a list of jobs. The page before it ended between jobs that the cursor names: anchors. One that has not been
-- touched since is where it was among the others, so the first such one tells where to go on.
-- KEYS: 1 list, 2 jobs, 3 state
-- ARGV: 1 h to read from the head, t from the tail, 2 most jobs, 3 anchors wanted on either side, 4 jobs of this list before
--       the first anchor that was not on the page, 5 when the last job on the page had ended, or '',
--       then one per anchor: n if it was not on the page, l if it was; id (16); sign (8).
--       First those that were not, in their order, then those that were, the latest first.
-- Returns: jobs of this list before the end of the page, 1 if there are more, then three per job: n or l as above + id +
--          sign; values of `jobs` and `state`, nil of an n
local list, jobs, state = KEYS[1], KEYS[2], KEYS[3]
local from_head, most, wanted, ended = ARGV[1] == 'h', tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]

local function at(place)
  return redis.call('LINDEX', list, from_head and place or -1 - place)
end

-- Changes with everything that happens to the job.
local function sign(record)
  return record and sub(redis.sha1hex(sub(record, 1, 94)), 1, 8) or '--------'
end

local function place_of(id, expected)
  if expected >= 0 and at(expected) == id then return expected end
  local index = redis.call('LPOS', list, id, 'RANK', from_head and 1 or -1)
  return index and (from_head and index or redis.call('LLEN', list) - 1 - index)
end

-- First place in a list of ended jobs, latest end first, of one that had ended by then.
local function ended_by(time)
  local low, high = 0, redis.call('LLEN', list)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local record = redis.call('HGET', state, at(middle))
    if record and sub(record, 47, 62) > time then low = middle + 1 else high = middle end
  end
  return low
end

local function start()
  local base = tonumber(ARGV[4])
  local expected, passed = base, base - 1
  for i = 6, #ARGV do
    local anchor = ARGV[i]
    local is_next, id = sub(anchor, 1, 1) == 'n', sub(anchor, 2, 17)
    local here = is_next and expected or passed
    if is_next then expected = expected + 1 else passed = passed - 1 end
    local place = redis.call('HEXISTS', jobs, id) == 1 and sign(redis.call('HGET', state, id)) == sub(anchor, 18)
      and place_of(id, here)
    if place then return is_next and place or place + 1 end
  end
  -- Jobs leave a list of waiting ones where it is read from, so all that is left had not been on the page.
  return ended ~= '' and ended_by(ended) or 0
end

local first = start()
local last = first + most + wanted - 1
local ids
if from_head then
  ids = redis.call('LRANGE', list, first, last)
else
  local backwards = redis.call('LRANGE', list, -1 - last, -1 - first)
  ids = {}
  for i = #backwards, 1, -1 do ids[#ids + 1] = backwards[i] end
end
local reply = { first + math.min(most, #ids), #ids > most and 1 or 0 }
for i, id in ipairs(ids) do
  local record = redis.call('HGET', state, id)
  local on_page = i <= most
  reply[#reply + 1] = (on_page and 'l' or 'n') .. id .. sign(record)
  reply[#reply + 1] = on_page and redis.call('HGET', jobs, id)
  reply[#reply + 1] = on_page and record
end
return reply
