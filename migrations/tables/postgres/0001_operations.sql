-- One row for each database-operation job whose change is in: written in the same transaction as the change, so that a
-- job that is run again finds it and changes nothing. Rows older than jobs are kept (backup_ttl) may be deleted.
CREATE TABLE journeyman_operations (
    job_id   TEXT        NOT NULL PRIMARY KEY,
    affected BIGINT      NOT NULL,
    done_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX journeyman_operations_done_at ON journeyman_operations (done_at);
