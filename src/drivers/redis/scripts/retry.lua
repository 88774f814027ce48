#!lua flags=allow-oom
-- Puts a failed or cancelled job to the back of its queue, as if it had never run.
-- KEYS: 1-4 pending by priority, 5 jobs, 6 state, 7 failed, 8 cancelled, 9 unique keys, 10 stats, 11 delayed
-- ARGV: 1 now or '', 2 queue, 3 wake channel, 4 id, 5 trail
-- Returns: D done, N there is no such job, U its unique key is taken, else the letter of the state that it is in; and the
--          holder of the key
local jobs, state, unique, stats = KEYS[5], KEYS[6], KEYS[9], KEYS[10]
local id = ARGV[4]
local job, before = redis.call('HGET', jobs, id), redis.call('HGET', state, id)
if not job or #job < 17 then return { 'N' } end
local kind = kind_of(job, before, KEYS[11], id)
local list = (kind == 'f' or kind == 'e') and KEYS[7] or kind == 'x' and KEYS[8]
if not list then return { kind } end
local mark, at = byte(job, 17), stamp(clock(ARGV[1]))
local pending = KEYS[priority_of(mark)]
local key = has_more(mark) and key_of(job)
local holder = key and holder_of(unique, jobs, key)
if holder and holder ~= id then return { 'U', holder } end
-- Fail on a key of a wrong type while nothing has been written yet.
redis.call('LLEN', list)
redis.call('HLEN', stats)
local wakes = redis.call('LLEN', pending) == 0

redis.call('LREM', list, 1, id)
-- The token that settled last stays known: a settle repeated from before is not taken for one of the job's new life.
redis.call('HSET', state, id, 'p' .. sub(before, 2, 2) .. NEVER_SETTLED .. sub(before, 25, 46) .. at .. at
  .. sub(before, 79, 94) .. '\n' .. ARGV[5])
redis.call('LPUSH', pending, id)
if key then redis.call('HSET', unique, key, id) end
if kind == 'e' then redis.call('HINCRBY', stats, 'system_errors', -1) end
if wakes then announce(ARGV[3], ARGV[2]) end
return { 'D' }
