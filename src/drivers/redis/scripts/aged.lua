#!lua flags=no-writes,allow-oom
-- Tells which of a queue's lists of ended jobs have records to remove.
-- KEYS: 1 completed, 2 failed, 3 cancelled, 4 state
-- ARGV: 1 now or '', 2 records to keep at most, 3-5 age in microseconds beyond which a record of KEYS 1-3 goes, or -1
-- Returns: numbers of such lists
local now, keep, reply = clock(ARGV[1]), tonumber(ARGV[2]), {}
for list = 1, 3 do
  local length, ttl = redis.call('LLEN', KEYS[list]), tonumber(ARGV[2 + list])
  if length > keep then
    reply[#reply + 1] = list
  elseif length > 0 and ttl >= 0 then
    -- The oldest is at the tail.
    local record = redis.call('HGET', KEYS[4], redis.call('LINDEX', KEYS[list], -1))
    if not record or now - tonumber(sub(record, 47, 62)) >= ttl then reply[#reply + 1] = list end
  end
end
return reply
