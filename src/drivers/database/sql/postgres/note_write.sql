-- Writes a note over the one of its kind and key.
-- $1 kind, $2 key, $3 body, $4 when it ends.
INSERT INTO queue_notes (kind, note_key, body, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (kind, note_key) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at
