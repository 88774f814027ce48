-- What the scripts share; `scripts.rs` puts what a script uses of it behind its first line. A function costs something at
-- every call even where it is not called, so a blank line ends each part, and parts are left out by name.
--
-- Value of a job in `jobs`: created_at (16 digits, microseconds), then its mark and its body. The mark tells the priority:
--   1-4    and no more
--   a-d    delayed at its push: available_at (16 digits) stands behind it
--   A-D    there is more to it; behind it stand available_at (16 digits), and then what the scripts call `more`:
--          number of the claim on its id (16 digits, zeros if the id is not named), length of its unique key (3 digits)
--          and the key
--
-- Value of a job in `state`, absent before the first reserve:
--   1      p pending, d delayed, r reserved, c completed, f failed, e failed as undecodable, x cancelled
--   2      priority: the mark if that is A-D, else a digit
--   3-8    attempts           9-24  call of the latest reservation     (3-24 is the token)
--   25-30  attempt of the token that settled last                  31-46  its call     (zeros before the first)
--   47-62  changed_at (of a reserved job: when its holder got it)
--   63-78  available_at, or zeros if that is in `jobs`            79-94  started_at
--   95-    worker (while reserved), a line feed, the trail
-- Of jobs reserved by one call for the first time the values are the same, and so they are one string to the scripts: to
-- make one for each job would cost more than all commands do.
--
-- Fields of `marks`, a hash that most queues do not have: `paused`; an id, with how many husks of it are in its pending
-- list; a digit 1-4, with how many husks there are in the list of that priority.
local sub, byte = string.sub, string.byte

local NEVER_SETTLED = '0000000000000000000000'

local NO_CLAIM = '0000000000000000'

-- In place of available_at in a value of `state`.
local AS_IN_JOBS = '0000000000000000'

-- Largest whole number that a score keeps exactly; lies in the year 2255.
local LAST_TIME = 9007199254740991

-- The time that decides: the server's, or the one a test gives.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function stamp(micros)
  return string.format('%016.0f', micros)
end

local function later(now, delay)
  return math.min(now + delay, LAST_TIME)
end

-- The priority that a mark of either value stands for, 1 to 4.
local function priority_of(mark)
  return mark < 65 and mark - 48 or mark < 97 and mark - 64 or mark - 96
end

local function has_more(mark)
  return mark ~= nil and mark >= 65 and mark < 97
end

local function available_at(job)
  if byte(job, 17) >= 65 then return sub(job, 18, 33) end
  return sub(job, 1, 16)
end

-- Where the body of a value of `jobs` begins.
local function body_at(job)
  local mark = byte(job, 17)
  return mark < 65 and 18 or mark >= 97 and 34 or 53 + sub(job, 50, 52)
end

-- The unique key in a value of `jobs` that has more to it, or nil.
local function key_of(job)
  local length = tonumber(sub(job, 50, 52))
  return length > 0 and sub(job, 53, 52 + length) or nil
end

-- The unique key of such a job if the job has it now, or nil.
local function held_key(unique, id, job)
  local key = sub(job, 53, 52 + sub(job, 50, 52))
  return key ~= '' and redis.call('HGET', unique, key) == id and key or nil
end

-- The job that has a unique key and is there, or nil.
local function holder_of(unique, jobs, key)
  local holder = redis.call('HGET', unique, key)
  return holder and redis.call('HEXISTS', jobs, holder) == 1 and holder or nil
end

-- Number of the claim on the id of such a job, or nil if the id is not named.
local function claim_of(job)
  local claim = sub(job, 34, 49)
  return claim ~= NO_CLAIM and claim or nil
end

local function trail_of(state)
  local before = string.find(state, '\n', 95, true)
  return before and sub(state, before + 1) or ''
end

local STAMP_FORM = '^' .. string.rep('%d', 16)

local STATE_FORM = '^%a[1-4A-D]' .. string.rep('%d', 6)
local TIMES_FORM = '^' .. string.rep('%d', 48)

-- The mark of a job if this is its id and this its value, as this build writes them.
local function mark_of(id, job)
  if #id ~= 16 or not job or #job < 17 then return nil end
  -- To look at every digit of the time would cost a tenth of all that a job costs here.
  local first, last, mark = byte(job), byte(job, 16, 17)
  if first < 48 or first > 57 or last < 48 or last > 57 then return nil end
  if mark >= 49 and mark <= 52 then return mark end
  if not string.find(job, '^[A-Da-d]', 17) or not string.find(job, STAMP_FORM, 18) then return nil end
  local has_all = mark >= 97
    or string.find(job, STAMP_FORM, 34) and string.find(job, '^%d%d%d', 50) and #job >= body_at(job) - 1
  return has_all and mark or nil
end

-- The same of a value of `state`.
local function is_state(state)
  return string.find(state, STATE_FORM) and string.find(state, TIMES_FORM, 47) and string.find(state, '\n', 95, true)
end

-- Whether this is the state of a job reserved under this token. Its call is a random number that only the holder knows,
-- so the worker's name need not be compared too.
local function is_held(state, token)
  return state and byte(state) == 114 and sub(state, 3, 24) == token
end

-- Notes that the claim on a removed job's id is to be released: for the outbox, and for the caller of the script.
local function note_release(outbox, reply, id, claim)
  if not claim then return end
  outbox[#outbox + 1] = 'r' .. id
  outbox[#outbox + 1] = claim
  reply[#reply + 1] = id
  reply[#reply + 1] = claim
end

-- Lets go of husks: ids popped from the list of a priority whose jobs were cancelled there, and that only stayed because
-- to look for them would have been dear. Where a job waits there again, the husk is the one popped first. Returns the other
-- ids.
local function without_husks(marks, priority, ids)
  local counts, left, kept = redis.call('HMGET', marks, unpack(ids)), {}, {}
  for i, id in ipairs(ids) do
    local husks = left[id] or tonumber(counts[i] or 0)
    if husks > 0 then left[id] = husks - 1 else kept[#kept + 1] = id end
  end
  if #kept == #ids then return kept end
  for id, husks in pairs(left) do
    if husks > 0 then redis.call('HSET', marks, id, husks) else redis.call('HDEL', marks, id) end
  end
  if redis.call('HINCRBY', marks, priority, #kept - #ids) <= 0 then redis.call('HDEL', marks, priority) end
  return kept
end

-- The letter of the state that a job is in. One that waits is pending or delayed according to where it waits.
local function kind_of(job, record, delayed, id)
  local kind = record and sub(record, 1, 1) or 'p'
  if kind ~= 'p' and kind ~= 'd' then return kind end
  return redis.call('ZSCORE', delayed, priority_of(byte(job, 17)) .. id) and 'd' or 'p'
end

-- Score of the first delayed job, or nil.
local function first_due(delayed)
  local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
  return first[2] and tonumber(first[2])
end

local function until_due(delayed, now)
  local due = first_due(delayed)
  return due and math.max(due - now, 0) or -1
end

-- Cuts these ids off the tail of a list if it ends with them, in any order; each stands in it once. Jobs mostly end in the
-- order in which they were taken, and one cut costs far less than a search for each. `is_wanted` has each id as a key, and
-- is used up.
local function cut_tail(list, ids, is_wanted)
  local tail = redis.call('LRANGE', list, -#ids, -1)
  if #tail ~= #ids then return false end
  for i = 1, #tail do
    local id = tail[i]
    if not is_wanted[id] then return false end
    is_wanted[id] = nil
  end
  redis.call('LTRIM', list, 0, -#ids - 1)
  return true
end

-- A hint to idle workers. It may fail (no permission for the channel) without harm.
local function announce(channel, queue)
  redis.pcall('PUBLISH', channel, queue)
end

-- Removes some notes of one kind that have expired.
local function expire_notes(bodies, names, ends, now)
  local gone = redis.call('ZRANGEBYSCORE', ends, '-inf', stamp(now), 'LIMIT', 0, 200)
  if #gone == 0 then return end
  redis.call('HDEL', bodies, unpack(gone))
  redis.call('ZREM', names, unpack(gone))
  redis.call('ZREM', ends, unpack(gone))
end

-- Writes the notes in ARGV, each over the one of its kind and key. KEYS and ARGV are those of `write_notes.lua`.
local function write_notes()
  local now = clock(ARGV[1])
  -- Fail on a key of a wrong type while nothing has been written yet.
  for kind = 1, #KEYS, 3 do
    redis.call('HLEN', KEYS[kind])
    redis.call('ZCARD', KEYS[kind + 1])
    redis.call('ZCARD', KEYS[kind + 2])
  end
  for kind = 1, #KEYS, 3 do expire_notes(KEYS[kind], KEYS[kind + 1], KEYS[kind + 2], now) end
  for i = 2, #ARGV, 4 do
    local kind, key = tonumber(ARGV[i]), ARGV[i + 1]
    redis.call('HSET', KEYS[kind], key, ARGV[i + 3])
    redis.call('ZADD', KEYS[kind + 1], 0, key)
    redis.call('ZADD', KEYS[kind + 2], stamp(later(now, ARGV[i + 2])), key)
  end
  return #ARGV
end

-- Moves up to `limit` due jobs to the pending lists KEYS[1] to KEYS[4]. Returns how many.
local function promote(delayed, now, limit)
  local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', stamp(now), 'LIMIT', 0, limit)
  if #due == 0 then return 0 end
  local by_priority = { {}, {}, {}, {} }
  for _, member in ipairs(due) do
    local list = by_priority[byte(member) - 48]
    -- Anything else was put there by hand: it leaves the set and goes nowhere.
    if list and #member == 17 then list[#list + 1] = sub(member, 2) end
  end
  for priority = 1, 4 do redis.call('LLEN', KEYS[priority]) end
  redis.call('ZREM', delayed, unpack(due))
  for priority = 1, 4 do
    if #by_priority[priority] > 0 then redis.call('LPUSH', KEYS[priority], unpack(by_priority[priority])) end
  end
  return #due
end
