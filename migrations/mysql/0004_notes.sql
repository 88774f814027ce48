-- Small documents beside the jobs: see `queue/notes.rs`. Gone once `expires_at` has passed, and removed after that.
CREATE TABLE queue_notes (
    kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    note_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    expires_at BIGINT NOT NULL,
    body MEDIUMBLOB NOT NULL,
    PRIMARY KEY (kind, note_key),
    KEY queue_notes_by_end (kind, expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;
