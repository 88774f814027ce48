#!lua flags=no-writes,allow-oom
-- What the records of some of a queue's jobs say of where they are. Reads no list: who asks has read those.
-- KEYS: 1 jobs, 2 state, 3 delayed, 4 unique keys
-- ARGV: 1 cursor of a scan, or '' for the ids that follow, 2 about how many records a scan tells, then ids
-- Returns: next cursor (0 at the end), bytes read, then one per job: id (16) + digit of its priority + place + remark +
--          worker of a reserved one. Place: w pending, d delayed, z delayed with another time than its record says,
--          r reserved, c completed, x cancelled, f failed, e failed as undecodable, ? none can tell, - there is no job.
--          Remark: t it has a state, - it has none; T and k the same of one whose unique key is not as it should be
local jobs, state, delayed, unique = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local cursor, ids, values = '0', {}, {}
if ARGV[1] == '' then
  for i = 3, #ARGV do ids[#ids + 1] = ARGV[i] end
  values = redis.call('HMGET', jobs, unpack(ids))
else
  local page = redis.call('HSCAN', jobs, ARGV[1], 'COUNT', ARGV[2])
  cursor = page[1]
  for i = 1, #page[2], 2 do
    ids[#ids + 1], values[#values + 1] = page[2][i], page[2][i + 1]
  end
end
local reply, read = { cursor, 0 }, 0

-- Where a job that waits does so, as far as the set of delayed ones tells.
local function waits(id, job, record, mark)
  local due = record and sub(record, 63, 78) or AS_IN_JOBS
  if due == AS_IN_JOBS then due = available_at(job) end
  if due == sub(job, 1, 16) and not record then return 'w' end
  local score = redis.call('ZSCORE', delayed, priority_of(mark) .. id)
  if not score then return 'w' end
  return stamp(tonumber(score)) == due and 'd' or 'z'
end

local function told(id, job, record)
  if not job then return '0' .. '-' .. (record and 't' or '-') end
  local mark = mark_of(id, job)
  if not mark or (record and not is_state(record)) then return '0?' .. (record and 't' or '-') end
  local kind = record and sub(record, 1, 1) or 'p'
  local remark = record and 't' or '-'
  local is_live = kind == 'p' or kind == 'd' or kind == 'r'
  if has_more(mark) then
    local key = key_of(job)
    if key and (redis.call('HGET', unique, key) == id) ~= is_live then remark = record and 'T' or 'k' end
  end
  if kind == 'p' or kind == 'd' then kind = waits(id, job, record, mark) end
  local worker = kind == 'r' and sub(record, 95, string.find(record, '\n', 95, true) - 1) or ''
  if not string.find('wdzrcfex', kind, 1, true) then kind = '?' end
  return priority_of(mark) .. kind .. remark .. worker
end

for first = 1, #ids, 100 do
  local last = math.min(first + 99, #ids)
  local records = redis.call('HMGET', state, unpack(ids, first, last))
  for i = first, last do
    local record = records[i - first + 1]
    read = read + (values[i] and #values[i] or 0) + (record and #record or 0)
    reply[#reply + 1] = ids[i] .. told(ids[i], values[i], record)
  end
end
reply[2] = read
return reply
