-- One row for each database-operation job whose change is in: written in the same transaction as the change, so that a
-- job that is run again finds it and changes nothing. Rows older than jobs are kept (backup_ttl) may be deleted.
CREATE TABLE journeyman_operations (
    job_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    affected BIGINT      NOT NULL,
    done_at  DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    KEY journeyman_operations_done_at (done_at)
) ENGINE = InnoDB;
