#!lua
-- The same of notes that a full Redis refuses, as it does new jobs.
-- KEYS: three per kind: bodies, names, ends
-- ARGV: 1 now or '', then four per note: number of its kind's first key, key, microseconds to keep it, body
-- Returns: a number
return write_notes()
