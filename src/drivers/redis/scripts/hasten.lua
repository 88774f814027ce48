#!lua flags=allow-oom
-- Makes a delayed job pending before its time, at the back of its queue.
-- KEYS: 1-4 pending by priority, 5 delayed, 6 jobs, 7 state
-- ARGV: 1 now or '', 2 queue, 3 wake channel, 4 id
-- Returns: D done, N there is no such job, else the letter of the state that it is in
local delayed, jobs, state = KEYS[5], KEYS[6], KEYS[7]
local id = ARGV[4]
local job, before = redis.call('HGET', jobs, id), redis.call('HGET', state, id)
if not job or #job < 17 then return 'N' end
local kind = kind_of(job, before, delayed, id)
if kind ~= 'd' then return kind end
local mark, at = byte(job, 17), stamp(clock(ARGV[1]))
local priority = priority_of(mark)
local pending = KEYS[priority]
-- Fails on a key of a wrong type while nothing has been written yet.
local wakes = redis.call('LLEN', pending) == 0

redis.call('ZREM', delayed, priority .. id)
if before then
  redis.call('HSET', state, id, 'p' .. sub(before, 2, 62) .. at .. sub(before, 79))
else
  -- A mark without a time of its own says that the job was due when it was pushed.
  local kept = mark < 65 and string.char(mark + 48) or string.char(mark)
  redis.call('HSET', jobs, id, sub(job, 1, 16) .. kept .. at .. sub(job, mark < 65 and 18 or 34))
end
redis.call('LPUSH', pending, id)
if wakes then announce(ARGV[3], ARGV[2]) end
return 'D'
