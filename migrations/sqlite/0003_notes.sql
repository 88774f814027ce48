-- Small documents beside the jobs: see `queue/notes.rs`. Gone once `expires_at` has passed, and removed after that.
CREATE TABLE queue_notes (
    kind TEXT NOT NULL,
    note_key TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, note_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX queue_notes_by_end ON queue_notes (kind, expires_at);
