#!lua flags=no-writes,allow-oom
-- Tells the notes of a kind whose keys lie in a range, in order.
-- KEYS: 1 bodies, 2 names, 3 ends
-- ARGV: 1 now or '', 2 first key, 3 last key, 4 f to read from the first, l from the last, 5 most notes to tell
-- Returns: two per note: key, body
local now, most = clock(ARGV[1]), 2 * tonumber(ARGV[5])
local first, last = '[' .. ARGV[2], '[' .. ARGV[3]
local PAGE = 100
local reply, place = {}, 0
while #reply < most do
  local names
  if ARGV[4] == 'l' then
    names = redis.call('ZREVRANGEBYLEX', KEYS[2], last, first, 'LIMIT', place, PAGE)
  else
    names = redis.call('ZRANGEBYLEX', KEYS[2], first, last, 'LIMIT', place, PAGE)
  end
  if #names == 0 then break end
  local ends = redis.call('ZMSCORE', KEYS[3], unpack(names))
  for i, name in ipairs(names) do
    local is_live = ends[i] and tonumber(ends[i]) > now
    local body = is_live and #reply < most and redis.call('HGET', KEYS[1], name)
    if body then reply[#reply + 1], reply[#reply + 2] = name, body end
  end
  place = place + #names
end
return reply
