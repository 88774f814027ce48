-- Workers that hold jobs without a lease, and how many.
SELECT j.worker, count(*) FROM queue_jobs AS j
WHERE j.lane < 0 AND j.worker IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM queue_leases AS l WHERE l.worker = j.worker)
GROUP BY j.worker
