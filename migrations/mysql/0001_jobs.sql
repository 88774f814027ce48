-- Times are microseconds since 1970, UTC. States are the words of the API.

CREATE TABLE queue_jobs (
    job_id BINARY(16) NOT NULL PRIMARY KEY,
    -- The order of the pushes.
    id BIGINT NOT NULL,
    queue VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    priority TINYINT NOT NULL,
    state VARCHAR(9) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- The line in which the job stands, and where: one index finds the next pending, the next due, the oldest ended job
    -- of a queue and all that a worker holds. See `lanes.rs`.
    lane BIGINT NOT NULL,
    place BIGINT NOT NULL,
    attempts INT NOT NULL DEFAULT 0,
    -- When the present reservation was made; a reclaimed job's is later than the start of its attempt.
    reserved_at BIGINT,
    available_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    worker VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin,
    -- With `attempts` the token of the present reservation.
    call_id BIGINT,
    -- The token of the last settlement that was done.
    settled_attempt INT,
    settled_call BIGINT,
    -- The call that stored it: tells one's own row from another's with the same id.
    stored_by BIGINT NOT NULL,
    -- It failed because its record could not be decoded.
    system_error TINYINT NOT NULL DEFAULT 0,
    -- While the job has not ended it holds its key, and no other of its queue can.
    unique_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    key_held VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    trail LONGBLOB,
    payload LONGBLOB NOT NULL,
    KEY queue_jobs_by_lane (lane, place, id),
    UNIQUE KEY queue_jobs_by_key (queue, key_held)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- What failed for good, for people and their tools. The record that the server works with stays in `queue_jobs`.
CREATE TABLE queue_failed_jobs (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    job_id BINARY(16) NOT NULL,
    connection VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    queue VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    payload LONGBLOB NOT NULL,
    exception LONGTEXT NOT NULL,
    failed_at BIGINT NOT NULL,
    UNIQUE KEY queue_failed_jobs_by_job_id (job_id),
    KEY queue_failed_jobs_by_age (queue, failed_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- The numbers of every queue that was ever pushed to, kept on write. Each connection adds to the row of its shard, so
-- that they do not wait for one another; the sum of the shards counts, and one of them may be below zero.
CREATE TABLE queue_stats (
    queue VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    shard INT NOT NULL,
    pending_low BIGINT NOT NULL DEFAULT 0,
    pending_normal BIGINT NOT NULL DEFAULT 0,
    pending_high BIGINT NOT NULL DEFAULT 0,
    pending_critical BIGINT NOT NULL DEFAULT 0,
    `delayed` BIGINT NOT NULL DEFAULT 0,
    reserved BIGINT NOT NULL DEFAULT 0,
    completed BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    cancelled BIGINT NOT NULL DEFAULT 0,
    system_errors BIGINT NOT NULL DEFAULT 0,
    -- Sums since the queue began.
    total_enqueued BIGINT NOT NULL DEFAULT 0,
    total_processed BIGINT NOT NULL DEFAULT 0,
    total_failed BIGINT NOT NULL DEFAULT 0,
    total_retried BIGINT NOT NULL DEFAULT 0,
    total_timeouts BIGINT NOT NULL DEFAULT 0,
    total_thread_pool_exhaustion BIGINT NOT NULL DEFAULT 0,
    -- Ids made up to here, in milliseconds since 1970, may be those of pruned records.
    pruned_until BIGINT NOT NULL DEFAULT -1,
    PRIMARY KEY (queue, shard)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- One lease per worker covers all that it holds.
CREATE TABLE queue_leases (
    worker VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    KEY queue_leases_by_end (expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- Queues from which nothing is taken until they are resumed.
CREATE TABLE queue_paused (
    queue VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- What all workers are told, by name: it grows with each word.
CREATE TABLE queue_control (
    name VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;

-- Grows when a queue may have work: what idle workers look at instead of the jobs.
CREATE TABLE queue_wakes (
    queue VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4;
