#!lua
-- Remembers jobs of several queues in the outbox of one, all or none, from where they are delivered. No allow-oom, as push.
-- KEYS: 1 outbox
-- ARGV: 1 now or '', then two per job: field and value of the outbox
-- Returns: number of jobs
local at, fields = stamp(clock(ARGV[1])), {}
for i = 2, #ARGV, 2 do
  fields[#fields + 1] = ARGV[i]
  fields[#fields + 1] = at .. ARGV[i + 1]
end
redis.call('HSET', KEYS[1], unpack(fields))
return #fields / 2
