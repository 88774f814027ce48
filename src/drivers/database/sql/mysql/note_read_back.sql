-- The same from the other end.
-- ?1 kind, ?2 first key, ?3 last key, ?4 now, ?5 how many.
SELECT note_key, body FROM queue_notes
WHERE kind = ?1 AND note_key BETWEEN ?2 AND ?3 AND expires_at > ?4
ORDER BY note_key DESC LIMIT ?5
