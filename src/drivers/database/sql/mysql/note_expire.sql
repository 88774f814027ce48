-- Removes some notes of a kind that have ended.
-- ?1 kind, ?2 now, ?3 how many.
DELETE FROM queue_notes WHERE kind = ?1 AND expires_at <= ?2 ORDER BY expires_at LIMIT ?3
