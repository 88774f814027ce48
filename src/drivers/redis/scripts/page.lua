#!lua flags=no-writes,allow-oom
-- A page of a list of jobs. The page before it ended between jobs that the cursor names: anchors. One that has not been
-- touched since is where it was among the others, so the first such one tells where to go on.
-- KEYS: 1 list, 2 jobs, 3 state, 4 marks
-- ARGV: 1 h to read from the head, t from the tail, 2 most jobs, 3 anchors wanted on either side, 4 jobs of this list before
--       the first anchor that was not on the page, 5 when the last job on the page had ended, or '',
--       6 how far from there it has been looked for, then one per anchor: n if it was not on the page, l if it was; id (16);
--       sign (8). First those that were not, in their order, then those that were, the latest first.
-- Returns: how far it has been looked for, if it is to be looked for farther, else -1, jobs of this list before the end of
--          the page, 1 if there are more, then three per job: n or l as above + id + sign; values of `jobs` and `state`,
--          nil of an n and of what is no job
local list, jobs, state, marks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local from_head, most, wanted, ended = ARGV[1] == 'h', tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
-- Ids that one call looks through, so that it stays short.
local WINDOW, LOOKED_THROUGH = 500, 5000

-- Ids from one place to another, both included, in the order of reading.
local function ids_at(first, last)
  if last < 0 then return {} end
  first = math.max(first, 0)
  if from_head then return redis.call('LRANGE', list, first, last) end
  local ids, backwards = {}, redis.call('LRANGE', list, -1 - last, -1 - first)
  -- A range that begins before the list does is cut off there.
  for i = #backwards, 1, -1 do ids[#ids + 1] = backwards[i] end
  return ids
end

-- Changes with everything that happens to the job.
local function sign(record)
  return record and sub(redis.sha1hex(sub(record, 1, 94)), 1, 8) or '--------'
end

local function place_in(first, id)
  for i, found in ipairs(ids_at(first, first + WINDOW - 1)) do
    if found == id then return math.max(first, 0) + i - 1 end
  end
end

-- First place in a list of ended jobs, latest end first, of one that had ended by then.
local function ended_by(time)
  local low, high = 0, redis.call('LLEN', list)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local record = redis.call('HGET', state, redis.call('LINDEX', list, middle))
    if record and sub(record, 47, 62) > time then low = middle + 1 else high = middle end
  end
  return low
end

-- The first anchor that has not been touched: its id, whether it was not on the page, and where it was.
local function anchor()
  local next_place = tonumber(ARGV[4])
  local last_place = next_place - 1
  for i = 7, #ARGV do
    local is_next, id = sub(ARGV[i], 1, 1) == 'n', sub(ARGV[i], 2, 17)
    local place = is_next and next_place or last_place
    if is_next then next_place = next_place + 1 else last_place = last_place - 1 end
    if redis.call('HEXISTS', jobs, id) == 1 and sign(redis.call('HGET', state, id)) == sub(ARGV[i], 18) then
      return id, is_next, place
    end
  end
end

local first
local id, is_next, was_at = anchor()
if id then
  local far, length = tonumber(ARGV[6]), redis.call('LLEN', list)
  local limit, place = far + LOOKED_THROUGH / 2, nil
  while not place and far < limit and (was_at - far > 0 or was_at + far < length) do
    place = place_in(was_at + far, id) or was_at - far > 0 and place_in(was_at - far - WINDOW, id)
    far = far + WINDOW
  end
  if place then
    first = is_next and place or place + 1
  elseif was_at - far > 0 or was_at + far < length then
    return { far }
  end
end
-- Jobs leave a list of waiting ones where it is read from, so all that is left had not been on the page.
first = first or ended ~= '' and ended_by(ended) or 0

local reply, passed, place, listed, ahead = { -1, 0, 0 }, first, first, 0, 0
local is_marked = not from_head and redis.call('HLEN', marks) > 0

-- Whether a job was cancelled where this id stands.
local function is_husk(id, record, here)
  local husks = redis.call('HGET', marks, id)
  if not husks then return false end
  local kind = record and sub(record, 1, 1) or 'p'
  if (kind ~= 'p' and kind ~= 'd') or redis.call('HEXISTS', jobs, id) == 0 then return true end
  -- It waits again, nearer to the head.
  return redis.call('LPOS', list, id, 'RANK', -1 - husks) ~= redis.call('LLEN', list) - 1 - here
end

while ahead < wanted and place - first < most + LOOKED_THROUGH do
  local ids = ids_at(place, place + math.min(most + wanted, WINDOW) - 1)
  if #ids == 0 then break end
  for _, id in ipairs(ids) do
    if ahead == wanted then break end
    local record = redis.call('HGET', state, id)
    if not (is_marked and is_husk(id, record, place)) then
      local on_page = listed < most
      reply[#reply + 1] = (on_page and 'l' or 'n') .. id .. sign(record)
      reply[#reply + 1] = on_page and redis.call('HGET', jobs, id)
      reply[#reply + 1] = on_page and record
      if on_page then
        listed, passed = listed + 1, place + 1
      else
        ahead, reply[3] = ahead + 1, 1
      end
    end
    place = place + 1
  end
end
if ahead == 0 and place - first >= most + LOOKED_THROUGH then
  -- A long row of husks, of which the last one tells where to go on.
  local id = ids_at(place - 1, place - 1)[1]
  reply[#reply + 1] = 'l' .. id .. sign(redis.call('HGET', state, id))
  reply[#reply + 1] = false
  reply[#reply + 1] = false
  reply[3], passed = 1, place
end
reply[2] = passed
return reply
