#!lua flags=no-writes,allow-oom
-- Some of what an outbox holds, at random: one entry that cannot be done never stands in the way of the others.
-- KEYS: 1 outbox
-- ARGV: 1 most entries
-- Returns: two per entry: field; value
return redis.call('HRANDFIELD', KEYS[1], ARGV[1], 'WITHVALUES')
