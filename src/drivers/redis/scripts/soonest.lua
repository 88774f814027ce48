#!lua flags=no-writes,allow-oom
-- A page of a queue's delayed jobs, the soonest first.
-- KEYS: 1 delayed, 2 jobs, 3 state
-- ARGV: 1 most jobs, 2 due time (16) + member of the last job on the page before, or ''
-- Returns: 1 if there are more, then four per job: member, due time, values of `jobs` and `state`
local delayed, jobs, state = KEYS[1], KEYS[2], KEYS[3]
local most, after = tonumber(ARGV[1]), ARGV[2]

-- Redis compares bytes; Lua would ask the locale.
local function is_before(one, other)
  for i = 1, math.max(#one, #other) do
    local a, b = byte(one, i) or -1, byte(other, i) or -1
    if a ~= b then return a < b end
  end
  return false
end

local first = 0
if after ~= '' then
  local due, member = sub(after, 1, 16), sub(after, 17)
  local low, high = redis.call('ZCOUNT', delayed, '-inf', '(' .. due), redis.call('ZCOUNT', delayed, '-inf', due)
  -- Any number may be due at that very moment.
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_before(member, redis.call('ZRANGE', delayed, middle, middle)[1]) then high = middle else low = middle + 1 end
  end
  first = low
end
local found = redis.call('ZRANGE', delayed, first, first + most, 'WITHSCORES')
local reply = { #found > 2 * most and 1 or 0 }
for i = 1, math.min(#found, 2 * most), 2 do
  local id = sub(found[i], 2)
  reply[#reply + 1] = found[i]
  reply[#reply + 1] = stamp(tonumber(found[i + 1]))
  reply[#reply + 1] = redis.call('HGET', jobs, id)
  reply[#reply + 1] = redis.call('HGET', state, id)
end
return reply
