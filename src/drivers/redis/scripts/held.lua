#!lua flags=no-writes,allow-oom
-- What one worker holds of a queue. Its slots bound that.
-- KEYS: 1 the worker's reserved list, 2 state
-- ARGV: none
-- Returns: one per job: when it was reserved (16) + id
local reply, ids = {}, redis.call('LRANGE', KEYS[1], 0, -1)
for first = 1, #ids, 500 do
  local chunk = { unpack(ids, first, math.min(first + 499, #ids)) }
  for i, record in ipairs(redis.call('HMGET', KEYS[2], unpack(chunk))) do
    if record and sub(record, 1, 1) == 'r' then reply[#reply + 1] = sub(record, 47, 62) .. chunk[i] end
  end
end
return reply
