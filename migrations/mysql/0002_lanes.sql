-- What purging one priority goes by. Only delayed jobs of all priorities stand in one line; the others are all under NULL,
-- so that their moves leave this index alone.
ALTER TABLE queue_jobs
    ADD COLUMN delayed_lane BIGINT AS (IF(state = 'delayed', lane, NULL)) STORED,
    ADD KEY queue_jobs_delayed (delayed_lane, priority, place);

-- Locked by whoever prunes.
INSERT IGNORE INTO queue_control (name, generation) VALUES ('prune', 0);
