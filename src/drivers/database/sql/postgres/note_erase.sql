-- Removes a note that has not ended.
-- $1 kind, $2 key, $3 now.
DELETE FROM queue_notes WHERE kind = $1 AND note_key = $2 AND expires_at > $3
