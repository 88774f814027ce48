#!lua flags=no-writes,allow-oom
-- Some of what an outbox holds, at random: one entry that cannot be done never stands in the way of the others.
-- KEYS: 1 outbox
-- ARGV: 1 most entries, 2 now or '', 3 microseconds for which a job is left to whoever entrusted it
-- Returns: two per entry: field; value
local latest, reply = clock(ARGV[2]) - ARGV[3], {}
local found = redis.call('HRANDFIELD', KEYS[1], ARGV[1], 'WITHVALUES')
for i = 1, #found, 2 do
  local written = byte(found[i]) == 102 and tonumber(sub(found[i + 1], 1, 16))
  if not written or written <= latest then
    reply[#reply + 1] = found[i]
    reply[#reply + 1] = found[i + 1]
  end
end
return reply
