#!lua flags=allow-oom
-- Pauses a queue, or ends its pause.
-- KEYS: 1 marks
-- ARGV: 1 1 to pause, 0 to resume, 2 queue, 3 wake channel
-- Returns: 1
if ARGV[1] == '1' then
  redis.call('HSET', KEYS[1], 'paused', '1')
else
  redis.call('HDEL', KEYS[1], 'paused')
  announce(ARGV[3], ARGV[2])
end
return 1
