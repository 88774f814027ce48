-- Without the place, which changes when a job ends: the end of a job that was never delayed leaves this index alone too.
ALTER TABLE queue_jobs
    DROP KEY queue_jobs_delayed,
    ADD KEY queue_jobs_delayed (delayed_lane, priority);
