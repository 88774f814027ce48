#!lua flags=allow-oom
-- Looks at one id everywhere at once, and mends what is wrong with it if told to.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 state, 8 leases, 9 unique keys, 10 completed, 11 cancelled, 12 failed,
--       13 quarantine, 14 marks, then the reserved list of each worker
-- ARGV: 1 now or '', 2 l to look only, or the flaw to mend, 3 id, 4 queue, 5 wake channel, 6 microseconds of a lease that is
--       given, then the worker of each reserved list
-- Returns: one flaw after another, each with what is wrong; of a mended one `done`; or `moved` and the worker that holds it,
--          if its list is not among the keys
local delayed, jobs, state, leases, unique = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local quarantine, marks = KEYS[13], KEYS[14]
local ENDED = { c = 10, x = 11, f = 12, e = 12 }
local now, flaw, id, FIRST = clock(ARGV[1]), ARGV[2], ARGV[3], 14
local job, record = redis.call('HGET', jobs, id), redis.call('HGET', state, id)
local husks = tonumber(redis.call('HGET', marks, id) or 0)

-- How often it is in each list, by the number of its key.
local found, entries = {}, 0
for i, key in ipairs(KEYS) do
  if i <= 4 or (i >= 10 and i ~= 14) then
    found[i] = #redis.call('LPOS', key, id, 'COUNT', 0)
    if i ~= 13 then entries = entries + found[i] end
  end
end
local scores, is_delayed = {}, 0
for priority = 1, 4 do
  scores[priority] = redis.call('ZSCORE', delayed, priority .. id)
  if scores[priority] then is_delayed = is_delayed + 1 end
end
entries = entries + is_delayed - husks
local is_aside = found[13] > 0

local mark = mark_of(id, job)
local is_readable = mark and (not record or is_state(record)) or false
local kind = record and sub(record, 1, 1) or 'p'
local waits = kind == 'p' or kind == 'd'
local worker, due, own, home
if is_readable then
  due = record and sub(record, 63, 78) or AS_IN_JOBS
  if due == AS_IN_JOBS then due = available_at(job) end
  own = priority_of(mark)
  if kind == 'r' then
    worker = sub(record, 95, string.find(record, '\n', 95, true) - 1)
    for i = 7, #ARGV do
      if ARGV[i] == worker then home = FIRST + i - 6 end
    end
    if not home then return { 'moved', worker } end
  else
    home = ENDED[kind]
    if not home and not waits then is_readable = false end
  end
end

-- How often it is where its record says.
local right = 0
if is_readable then
  if waits then
    right = math.max(found[own] - husks, 0) + (scores[own] and 1 or 0)
  else
    right = found[home]
  end
end
-- Entries that count as cancelled and are not there: as many that are to come would be taken for them.
local surplus = math.max(husks - found[1] - found[2] - found[3] - found[4], 0)

local reply = {}
local function wrong(code, what)
  reply[#reply + 1], reply[#reply + 2] = code, what
end
local function where()
  local names = {}
  for priority = 1, 4 do
    local count = found[priority] - (priority == own and husks or 0)
    if count > 0 then names[#names + 1] = count .. ' times pending at priority ' .. priority end
    if scores[priority] then names[#names + 1] = 'delayed at priority ' .. priority end
  end
  for i, name in pairs({ [10] = 'completed', [11] = 'cancelled', [12] = 'failed' }) do
    if found[i] > 0 then names[#names + 1] = found[i] .. ' times ' .. name end
  end
  for i = FIRST + 1, #KEYS do
    if found[i] > 0 then names[#names + 1] = found[i] .. ' times with worker ' .. ARGV[i - FIRST + 6] end
  end
  return table.concat(names, ', ')
end

if surplus > 0 then wrong('wrong_copy', 'more of its entries count as cancelled than there are') end
if not job then
  if entries > 0 then wrong('entry_without_job', 'lists hold an id of no job: ' .. where()) end
  if record then wrong('trail_without_job', 'there is a state of a job that is not there') end
  if entries <= 0 and is_aside then wrong('quarantined', 'an id of no job was put aside') end
elseif not is_readable then
  if entries <= 0 and is_aside then
    wrong('quarantined', 'its record cannot be read, and it was put aside')
  else
    wrong('unreadable', 'its record is not in the form that this build reads')
  end
else
  if right == 0 and entries <= 0 then
    wrong('job_nowhere', is_aside and 'it is whole, and was put aside' or 'it is in no list, so nobody would ever run or prune it')
  elseif right == 0 then
    wrong('wrong_place', 'it is not where its record says, but: ' .. where())
  elseif entries > 1 and entries > right or right > 1 then
    wrong('job_twice', 'it is in several places: ' .. where())
  elseif waits and scores[own] and stamp(tonumber(scores[own])) ~= due then
    wrong('wrong_time', 'it is due at another time than its record says')
  elseif is_aside then
    wrong('quarantined', 'it is where it should be, and was put aside as well')
  end
  local key = has_more(mark) and key_of(job)
  if key then
    local holder = redis.call('HGET', unique, key)
    local is_live = waits or kind == 'r'
    if is_live and holder ~= id then
      local has_rival = holder and redis.call('HEXISTS', jobs, holder) == 1
      wrong('key_not_held', has_rival and 'rival' or 'it has not ended and does not have its unique key')
    elseif not is_live and holder == id then
      wrong('key_without_owner', 'it has ended and still has its unique key')
    end
  end
end
if flaw == 'l' then return reply end

local is_found = false
for i = 1, #reply, 2 do
  if reply[i] == flaw and reply[i + 1] ~= 'rival' then is_found = true end
end
if not is_found then return {} end

-- Takes it out of every list but one, in which the entry next to the tail stays, and out of the delayed.
local function take_out(kept)
  for i, count in pairs(found) do
    local stay = i == kept and 1 or 0
    if i <= 4 and i == (own or i) then stay = stay + husks end
    if i ~= 13 and count > stay then
      redis.call('LREM', KEYS[i], count - stay, id)
    end
  end
  for priority = 1, 4 do
    if scores[priority] then redis.call('ZREM', delayed, priority .. id) end
  end
end

local function correct_marks()
  husks = husks - surplus
  if husks > 0 then redis.call('HSET', marks, id, husks) else redis.call('HDEL', marks, id) end
  if own and redis.call('HINCRBY', marks, own, -surplus) <= 0 then redis.call('HDEL', marks, own) end
end

local function put_back()
  if waits then
    local in_list = found[own] - husks > 0
    local later = not in_list and (scores[own] or tonumber(due) > now)
    take_out(in_list and own or nil)
    if later then
      redis.call('ZADD', delayed, due, own .. id)
    elseif not in_list then
      redis.call('LPUSH', KEYS[own], id)
    end
  else
    take_out(home)
    if found[home] == 0 then redis.call('LPUSH', KEYS[home], id) end
    if kind == 'r' then redis.call('ZADD', leases, 'NX', stamp(later(now, ARGV[6])), worker) end
  end
  redis.call('LREM', quarantine, 0, id)
end

if flaw == 'entry_without_job' or flaw == 'unreadable' then
  take_out(nil)
  if not is_aside then redis.call('LPUSH', quarantine, id) end
elseif flaw == 'trail_without_job' then
  redis.call('HDEL', state, id)
elseif flaw == 'quarantined' then
  if not is_readable then return {} end
  redis.call('LREM', quarantine, 0, id)
elseif flaw == 'wrong_copy' then
  correct_marks()
  if is_readable and waits then put_back() end
elseif flaw == 'key_not_held' then
  redis.call('HSET', unique, key_of(job), id)
elseif flaw == 'key_without_owner' then
  redis.call('HDEL', unique, key_of(job))
else
  put_back()
end
announce(ARGV[5], ARGV[4])
return { 'done' }
