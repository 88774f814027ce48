-- A job's two halves apart: what never changes is written once, and a move from state to state touches only narrow rows.

DROP INDEX queue_jobs_by_job_id;
DROP INDEX queue_jobs_unique;
DROP INDEX queue_jobs_pending;
DROP INDEX queue_jobs_delayed;
DROP INDEX queue_jobs_delayed_by_priority;
DROP INDEX queue_jobs_reserved;
DROP INDEX queue_jobs_ended;
ALTER TABLE queue_jobs RENAME TO queue_jobs_before;

-- The frozen half, and the place where the job waits or waited last: that changes only when it waits once more.
CREATE TABLE queue_jobs (
    id INTEGER PRIMARY KEY,
    job_id BLOB NOT NULL CHECK (length(job_id) = 16),
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 4),
    -- First in first out among the jobs of a queue and priority. A requeued job keeps its position, which is in front of
    -- every job that was not taken before it.
    position INTEGER NOT NULL,
    available_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    unique_key TEXT,
    -- 1 once a job with a key has ended.
    key_is_free INTEGER NOT NULL DEFAULT 0,
    payload BLOB NOT NULL
) STRICT;

-- What jobs wait in. `id` is that of `queue_jobs`; `has_trail` tells whether there is a row in `queue_trails`.
CREATE TABLE queue_pending (
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id INTEGER NOT NULL,
    has_trail INTEGER NOT NULL,
    PRIMARY KEY (queue, priority, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE queue_delayed (
    queue TEXT NOT NULL,
    available_at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    has_trail INTEGER NOT NULL,
    PRIMARY KEY (queue, available_at, position)
) STRICT, WITHOUT ROWID;

-- What workers hold: the jobs of one call, queue and priority, many to a row, for they are taken together and mostly end
-- together. `jobs` is written by `holds.rs`. A job that is in none of these three tables and has not ended is in a hold.
CREATE TABLE queue_holds (
    id INTEGER PRIMARY KEY,
    worker TEXT NOT NULL,
    -- With the number of its attempt the token of each job.
    call INTEGER NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    -- When the reservation was made; a reclaimed job's is later than the start of its attempt.
    reserved_at INTEGER NOT NULL,
    jobs BLOB NOT NULL
) STRICT;

-- The moving half, as the last settlement left it; a job that was never settled has none.
CREATE TABLE queue_trails (
    -- That of `queue_jobs`.
    id INTEGER PRIMARY KEY,
    -- Once it has ended: completed or cancelled.
    state TEXT,
    ended_at INTEGER,
    attempts INTEGER NOT NULL,
    -- Of the latest attempt.
    started_at INTEGER,
    -- The token of the last settlement that was done.
    settled_attempt INTEGER,
    settled_call INTEGER,
    trail BLOB
) STRICT;

-- Which jobs ended when: `jobs` is written by `ends.rs`.
CREATE TABLE queue_ends (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    jobs BLOB NOT NULL
) STRICT;

INSERT INTO queue_jobs (id, job_id, queue, priority, position, available_at, created_at, unique_key, key_is_free, payload)
    SELECT id, job_id, queue, priority, position, available_at, created_at, unique_key,
        unique_key IS NOT NULL AND ended_at IS NOT NULL, payload
    FROM queue_jobs_before;

INSERT INTO queue_trails (id, state, ended_at, attempts, started_at, settled_attempt, settled_call, trail)
    SELECT id, iif(ended_at IS NULL, NULL, state), ended_at, attempts - (state = 'reserved'), started_at,
        settled_attempt, settled_call, trail
    FROM queue_jobs_before
    WHERE ended_at IS NOT NULL OR settled_attempt IS NOT NULL OR started_at IS NOT NULL OR trail IS NOT NULL;

INSERT INTO queue_pending (queue, priority, position, id, has_trail)
    SELECT queue, priority, position, id, id IN (SELECT id FROM queue_trails)
    FROM queue_jobs_before WHERE state = 'pending' ORDER BY queue, priority, position;

INSERT INTO queue_delayed (queue, available_at, position, id, priority, has_trail)
    SELECT queue, available_at, position, id, priority, id IN (SELECT id FROM queue_trails)
    FROM queue_jobs_before WHERE state = 'delayed' ORDER BY queue, available_at, position;

INSERT INTO queue_holds (worker, call, queue, priority, reserved_at, jobs)
    SELECT worker, call, queue, priority, reserved_at,
        unhex(printf('%016x', id) || hex(job_id) || printf('%08x%016x%016x%02x', attempts, position,
            coalesce(started_at, reserved_at), unique_key IS NOT NULL))
    FROM queue_jobs_before WHERE state = 'reserved' ORDER BY reserved_at, priority DESC, position;

INSERT INTO queue_ends (queue, state, ended_at, jobs)
    SELECT queue, state, ended_at, unhex(group_concat(printf('%016x', id), ''))
    FROM queue_jobs_before WHERE ended_at IS NOT NULL GROUP BY queue, state, ended_at;

DROP TABLE queue_jobs_before;

CREATE UNIQUE INDEX queue_jobs_by_job_id ON queue_jobs (job_id);
-- A key is taken by being here.
CREATE UNIQUE INDEX queue_jobs_unique ON queue_jobs (queue, unique_key) WHERE unique_key IS NOT NULL AND key_is_free = 0;
-- For purges of one priority.
CREATE INDEX queue_delayed_by_priority ON queue_delayed (queue, priority);
CREATE INDEX queue_holds_by_worker ON queue_holds (worker);
CREATE INDEX queue_holds_by_call ON queue_holds (call);
CREATE INDEX queue_ends_by_time ON queue_ends (queue, state, ended_at);
