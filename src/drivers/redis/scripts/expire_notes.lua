#!lua flags=allow-oom
-- Removes some notes that have expired.
-- KEYS: three per kind: bodies, names, ends
-- ARGV: 1 now or ''
-- Returns: a number
local now = clock(ARGV[1])
for kind = 1, #KEYS, 3 do expire_notes(KEYS[kind], KEYS[kind + 1], KEYS[kind + 2], now) end
return #KEYS
