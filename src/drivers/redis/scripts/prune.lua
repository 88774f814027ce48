#!lua flags=allow-oom
-- Removes records of ended jobs from one of a queue's lists, the oldest first.
-- KEYS: 1 list of ended jobs, 2 jobs, 3 state, 4 stats, 5 outbox
-- ARGV: 1 now or '', 2 age in microseconds beyond which a record goes, or -1, 3 records to keep at most, 4 most to remove
-- Returns: number removed, then two per removed job under a named id: id; number of the claim on it
local list, jobs, state, stats, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, ttl, most = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local length = redis.call('LLEN', list)
local surplus = length - ARGV[3]
if length == 0 or most == 0 or (surplus <= 0 and ttl < 0) then return { 0 } end

redis.call('HLEN', jobs)
redis.call('HLEN', stats)
local gone, system_errors, newest = {}, 0, 0
local reply, claims = { 0 }, {}

-- Whether the record goes; the lists are in the order of their ends, so behind the first that stays all stay.
local function goes(id, record)
  local old = not record or (ttl >= 0 and now - tonumber(sub(record, 47, 62)) >= ttl)
  if not old and #gone >= surplus then return false end
  gone[#gone + 1] = id
  if record and sub(record, 1, 1) == 'e' then system_errors = system_errors + 1 end
  if record and has_more(byte(record, 2)) then
    local job = redis.call('HGET', jobs, id)
    note_release(claims, reply, id, job and claim_of(job))
  end
  local a, b, c, d, e, f, version = byte(id, 1, 7)
  if version and version >= 112 and version < 128 then
    newest = math.max(newest, ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f)
  end
  return true
end

local tail = redis.call('LRANGE', list, -most, -1)
local last, staying = #tail, false
-- Few at a time: a record may hold a large result.
while last > 0 and not staying do
  local chunk = {}
  for i = last, math.max(last - 19, 1), -1 do chunk[#chunk + 1] = tail[i] end
  local states = redis.call('HMGET', state, unpack(chunk))
  for i, id in ipairs(chunk) do
    if not goes(id, states[i]) then
      staying = true
      break
    end
  end
  last = last - #chunk
end
if #gone == 0 then return { 0 } end
if #claims > 0 then redis.call('HSET', outbox, unpack(claims)) end
redis.call('LTRIM', list, 0, -#gone - 1)
redis.call('HDEL', jobs, unpack(gone))
redis.call('HDEL', state, unpack(gone))
if system_errors > 0 then redis.call('HINCRBY', stats, 'system_errors', -system_errors) end
-- Remembered so that a look-up can tell a pruned job from one that never was.
if newest > tonumber(redis.call('HGET', stats, 'pruned_until') or 0) then
  redis.call('HSET', stats, 'pruned_until', string.format('%.0f', newest))
end
reply[1] = #gone
return reply
