#!lua flags=allow-oom
-- Enters a queue in the set of the paused ones, or strikes it out. The mark in the queue's own slot is what counts.
-- KEYS: 1 paused queues
-- ARGV: 1 1 to enter, 0 to strike out, 2 queue
-- Returns: 1 if that changed the set, else 0
return redis.call(ARGV[1] == '1' and 'SADD' or 'SREM', KEYS[1], ARGV[2])
