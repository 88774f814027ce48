#!lua flags=no-writes,allow-oom
-- All that one queue knows of a job.
-- KEYS: 1 jobs, 2 state, 3 delayed, 4 stats
-- ARGV: 1 id
-- Returns: value of `jobs`, value of `state`, due time while it is delayed, pruned_until; nil for what is not there
local job = redis.call('HGET', KEYS[1], ARGV[1])
local due = false
if job and #job >= 17 then
  due = redis.call('ZSCORE', KEYS[3], priority_of(byte(job, 17)) .. ARGV[1])
end
return { job, redis.call('HGET', KEYS[2], ARGV[1]), due and stamp(tonumber(due)), redis.call('HGET', KEYS[4], 'pruned_until') }
