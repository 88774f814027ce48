#!lua flags=allow-oom
-- Counts a signal to restart.
-- KEYS: 1 restarts
-- ARGV: none
-- Returns: how many there were
return redis.call('INCR', KEYS[1])
