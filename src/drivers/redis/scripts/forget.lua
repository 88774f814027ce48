#!lua flags=allow-oom
-- Removes the record of an ended job.
-- KEYS: 1 jobs, 2 state, 3 completed, 4 failed, 5 cancelled, 6 stats, 7 outbox, 8 delayed
-- ARGV: 1 id
-- Returns: D done, N there is no such job, else the letter of the state that it is in; and of a removed job under a named
--          id: id; number of the claim on it
local jobs, state, stats, outbox = KEYS[1], KEYS[2], KEYS[6], KEYS[7]
local LISTS = { c = KEYS[3], f = KEYS[4], e = KEYS[4], x = KEYS[5] }
local id = ARGV[1]
local job, before = redis.call('HGET', jobs, id), redis.call('HGET', state, id)
if not job or #job < 17 then return { 'N' } end
local kind = kind_of(job, before, KEYS[8], id)
local list = LISTS[kind]
if not list then return { kind } end
local reply, claims = { 'D' }, {}
if has_more(byte(job, 17)) then note_release(claims, reply, id, claim_of(job)) end
-- Fail on a key of a wrong type while nothing has been written yet.
redis.call('LLEN', list)
redis.call('HLEN', stats)
redis.call('HLEN', outbox)

if #claims > 0 then redis.call('HSET', outbox, unpack(claims)) end
redis.call('LREM', list, 1, id)
redis.call('HDEL', jobs, id)
redis.call('HDEL', state, id)
if kind == 'e' then redis.call('HINCRBY', stats, 'system_errors', -1) end
return reply
