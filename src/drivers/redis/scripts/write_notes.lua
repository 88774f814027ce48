#!lua flags=allow-oom
-- Writes notes over those of their kinds and keys, all or none.
-- KEYS: three per kind: bodies, names, ends
-- ARGV: 1 now or '', then four per note: number of its kind's first key, key, microseconds to keep it, body
-- Returns: a number
return write_notes()
