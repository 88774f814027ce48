#!lua flags=allow-oom
-- Ends a waiting job.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 state, 8 cancelled, 9 unique keys, 10 marks
-- ARGV: 1 now or '', 2 id
-- Returns: D done, N there is no such job, else the letter of the state that it is in
local FAR = 2000
local delayed, jobs, state, cancelled, unique = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local id = ARGV[2]
local job, before = redis.call('HGET', jobs, id), redis.call('HGET', state, id)
if not job or #job < 17 then return 'N' end
local kind = kind_of(job, before, delayed, id)
if kind ~= 'p' and kind ~= 'd' then return kind end
local mark, at = byte(job, 17), stamp(clock(ARGV[1]))
local priority = priority_of(mark)
local key = has_more(mark) and held_key(unique, id, job)
-- Fail on a key of a wrong type while nothing has been written yet.
redis.call('LLEN', KEYS[priority])
redis.call('LLEN', cancelled)

redis.call('HLEN', KEYS[10])
-- To look for an id in a list takes time in proportion. Far from both ends it stays as a husk.
local function take_out(list)
  local length = redis.call('LLEN', list)
  if redis.call('LPOS', list, id, 'MAXLEN', FAR) then
    redis.call('LREM', list, 1, id)
  elseif redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', FAR) then
    redis.call('LREM', list, -1, id)
  elseif length > 2 * FAR then
    redis.call('HINCRBY', KEYS[10], id, 1)
    redis.call('HINCRBY', KEYS[10], priority, 1)
  end
end
if redis.call('ZREM', delayed, priority .. id) == 0 then take_out(KEYS[priority]) end
local ended
if before then
  ended = 'x' .. sub(before, 2, 46) .. at .. sub(before, 63, 94) .. '\n' .. trail_of(before)
else
  ended = 'x' .. (has_more(mark) and string.char(mark) or priority) .. NEVER_SETTLED .. NEVER_SETTLED .. at
    .. available_at(job) .. '0000000000000000\n'
end
redis.call('HSET', state, id, ended)
redis.call('LPUSH', cancelled, id)
if key then redis.call('HDEL', unique, key) end
return 'D'
