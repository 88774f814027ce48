-- With the tie-break of listings: without statistics a page would else be read as the whole line, and sorted.
CREATE INDEX queue_jobs_by_lane_and_job ON queue_jobs (lane, place, id, job_id);
DROP INDEX queue_jobs_by_lane;
ALTER INDEX queue_jobs_by_lane_and_job RENAME TO queue_jobs_by_lane;

-- What purging one priority goes by. Only delayed jobs of all priorities stand in one line.
CREATE INDEX queue_jobs_delayed ON queue_jobs (lane, priority, place) WHERE state = 'delayed';

-- Locked by whoever prunes.
INSERT INTO queue_control (name, generation) VALUES ('prune', 0) ON CONFLICT DO NOTHING;
