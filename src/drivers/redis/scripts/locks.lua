#!lua flags=allow-oom
-- Looks at some of a queue's unique keys, or frees one that no job of the queue has which has not ended.
-- KEYS: 1 unique keys, 2 jobs, 3 state
-- ARGV: 1 cursor of a scan, or '' to free a key, 2 about how many to look at, or the key
-- Returns: next cursor (0 at the end), number looked at, then two per key without an owner: key, id. Of a freed one: 1, else 0
local unique, jobs, state = KEYS[1], KEYS[2], KEYS[3]

local function is_owned(key, id)
  local job = redis.call('HGET', jobs, id)
  local mark = mark_of(id, job)
  if not mark or not has_more(mark) or key_of(job) ~= key then return false end
  local record = redis.call('HGET', state, id)
  return not record or string.find(record, '^[pdr]') ~= nil
end

if ARGV[1] == '' then
  local id = redis.call('HGET', unique, ARGV[2])
  if not id or is_owned(ARGV[2], id) then return 0 end
  return redis.call('HDEL', unique, ARGV[2])
end
local page = redis.call('HSCAN', unique, ARGV[1], 'COUNT', ARGV[2])
local reply = { page[1], #page[2] / 2 }
for i = 1, #page[2], 2 do
  if not is_owned(page[2][i], page[2][i + 1]) then
    reply[#reply + 1] = page[2][i]
    reply[#reply + 1] = page[2][i + 1]
  end
end
return reply
