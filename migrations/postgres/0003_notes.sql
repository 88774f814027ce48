-- Small documents beside the jobs: see `queue/notes.rs`. Gone once `expires_at` has passed, and removed after that.
CREATE TABLE queue_notes (
    kind text COLLATE "C" NOT NULL,
    note_key text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (kind, note_key)
);

CREATE INDEX queue_notes_by_end ON queue_notes (kind, expires_at);
