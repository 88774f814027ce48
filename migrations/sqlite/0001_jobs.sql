-- Times are microseconds since 1970, UTC. States are the words of the API.

-- Every queue that was ever pushed to, with its numbers: kept on write, so that reading them never counts a backlog.
CREATE TABLE queue_stats (
    queue TEXT PRIMARY KEY,
    -- The position that the next job at the back gets; it only grows.
    back INTEGER NOT NULL DEFAULT 0,
    pending_low INTEGER NOT NULL DEFAULT 0,
    pending_normal INTEGER NOT NULL DEFAULT 0,
    pending_high INTEGER NOT NULL DEFAULT 0,
    pending_critical INTEGER NOT NULL DEFAULT 0,
    delayed INTEGER NOT NULL DEFAULT 0,
    reserved INTEGER NOT NULL DEFAULT 0,
    completed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    system_errors INTEGER NOT NULL DEFAULT 0,
    -- Sums since the store was created.
    total_enqueued INTEGER NOT NULL DEFAULT 0,
    total_processed INTEGER NOT NULL DEFAULT 0,
    total_failed INTEGER NOT NULL DEFAULT 0,
    total_retried INTEGER NOT NULL DEFAULT 0,
    total_timeouts INTEGER NOT NULL DEFAULT 0,
    total_thread_pool_exhaustion INTEGER NOT NULL DEFAULT 0,
    -- Ids made up to here, in milliseconds since 1970, may be those of pruned records.
    pruned_until INTEGER NOT NULL DEFAULT -1
) STRICT, WITHOUT ROWID;

-- Small columns first: those behind a large trail or payload cost a walk along its overflow pages.
CREATE TABLE queue_jobs (
    id INTEGER PRIMARY KEY,
    job_id BLOB NOT NULL CHECK (length(job_id) = 16),
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 4),
    -- pending, delayed, reserved, completed or cancelled. Not checked: SQLite builds a table of such a list for every
    -- row that is written.
    state TEXT NOT NULL,
    -- First in first out among the jobs of a queue and priority. A requeued job keeps its position, which is in front of
    -- every job that was not taken before it.
    position INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- When the present reservation was made; a reclaimed job's is later than the start of its attempt.
    reserved_at INTEGER,
    available_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    worker TEXT,
    -- With `attempts` the token of the present reservation.
    call INTEGER,
    -- The token of the last settlement that was done.
    settled_attempt INTEGER,
    settled_call INTEGER,
    unique_key TEXT,
    trail BLOB,
    payload BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX queue_jobs_by_job_id ON queue_jobs (job_id);
-- A key is taken by being here, so whatever ends a job frees its key with the same write.
CREATE UNIQUE INDEX queue_jobs_unique ON queue_jobs (queue, unique_key) WHERE unique_key IS NOT NULL AND ended_at IS NULL;
CREATE INDEX queue_jobs_pending ON queue_jobs (queue, priority, position) WHERE state = 'pending';
CREATE INDEX queue_jobs_delayed ON queue_jobs (queue, available_at, position) WHERE state = 'delayed';
-- For purges of one priority.
CREATE INDEX queue_jobs_delayed_by_priority ON queue_jobs (queue, priority) WHERE state = 'delayed';
-- What follows the worker is for listings: those of one queue are merged from its workers'.
CREATE INDEX queue_jobs_reserved ON queue_jobs (worker, queue, reserved_at, position) WHERE state = 'reserved';
CREATE INDEX queue_jobs_ended ON queue_jobs (queue, state, ended_at) WHERE ended_at IS NOT NULL;

-- A failed job's record moves here from `queue_jobs`.
CREATE TABLE queue_failed_jobs (
    id INTEGER PRIMARY KEY,
    job_id BLOB NOT NULL CHECK (length(job_id) = 16),
    connection TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 4),
    attempts INTEGER NOT NULL,
    system_error INTEGER NOT NULL CHECK (system_error IN (0, 1)),
    available_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    failed_at INTEGER NOT NULL,
    settled_attempt INTEGER NOT NULL,
    settled_call INTEGER NOT NULL,
    -- For a retry by hand; the key is free meanwhile.
    unique_key TEXT,
    exception TEXT NOT NULL,
    trail BLOB,
    payload BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX queue_failed_jobs_by_job_id ON queue_failed_jobs (job_id);
CREATE INDEX queue_failed_jobs_by_age ON queue_failed_jobs (queue, failed_at);

-- One lease per worker covers all that it holds.
CREATE TABLE queue_leases (
    worker TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX queue_leases_by_end ON queue_leases (expires_at);

-- No job of these is reserved. A queue can be here before anything was pushed to it.
CREATE TABLE queue_paused (
    queue TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- One row.
CREATE TABLE queue_control (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Times that workers were told to restart.
    restarts INTEGER NOT NULL
) STRICT;

INSERT INTO queue_control VALUES (1, 0);

-- Pages that hold nothing, given up when the disk is full: see `ballast.rs`. At most one row.
CREATE TABLE queue_ballast (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    filler BLOB NOT NULL
) STRICT;
