-- What every script begins with; `scripts.rs` puts it behind the first line.
--
-- Value of a job in `jobs`: created_at (16 digits, microseconds), then its priority and its body. The priority is a
-- digit 1-4, or a letter a-d for a job that was delayed at its push, with available_at (16 digits) behind it.
--
-- Value of a job in `state`, absent before the first reserve:
--   1      p pending, d delayed, r reserved, c completed, f failed, e failed as undecodable, x cancelled
--   2      priority
--   3-8    attempts           9-24  call of the latest reservation     (3-24 is the token)
--   25-30  attempt of the token that settled last                  31-46  its call     (zeros before the first)
--   47-62  changed_at (of a reserved job: when its holder got it)
--   63-78  available_at        79-94  started_at
--   95-    worker (while reserved), a line feed, the trail
local sub, byte = string.sub, string.byte
local NEVER_SETTLED = '0000000000000000000000'
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

local function available_at(job)
  if byte(job, 17) >= 97 then return sub(job, 18, 33) end
  return sub(job, 1, 16)
end

local function trail_of(state)
  return sub(state, string.find(state, '\n', 95, true) + 1)
end

-- Whether this is the state of a job reserved under this token. Its call is a random number that only the holder knows,
-- so the worker's name need not be compared too.
local function is_held(state, token)
  return state and byte(state) == 114 and sub(state, 3, 24) == token
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

-- A hint to idle workers. It may fail (no permission for the channel) without harm.
local function announce(channel, queue)
  redis.pcall('PUBLISH', channel, queue)
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
