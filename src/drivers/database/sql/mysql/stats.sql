-- The numbers of queues. A row is queue.
SELECT s.queue,
    CAST(SUM(s.pending_low) AS SIGNED), CAST(SUM(s.pending_normal) AS SIGNED), CAST(SUM(s.pending_high) AS SIGNED),
    CAST(SUM(s.pending_critical) AS SIGNED), CAST(SUM(s.`delayed`) AS SIGNED), CAST(SUM(s.reserved) AS SIGNED),
    CAST(SUM(s.completed) AS SIGNED), CAST(SUM(s.failed) AS SIGNED), CAST(SUM(s.cancelled) AS SIGNED),
    CAST(SUM(s.system_errors) AS SIGNED), CAST(SUM(s.total_enqueued) AS SIGNED),
    CAST(SUM(s.total_processed) AS SIGNED), CAST(SUM(s.total_failed) AS SIGNED),
    CAST(SUM(s.total_retried) AS SIGNED), CAST(SUM(s.total_timeouts) AS SIGNED),
    CAST(SUM(s.total_thread_pool_exhaustion) AS SIGNED)
FROM JSON_TABLE(?1, '$[*]' COLUMNS (queue VARCHAR(255) PATH '$[0]')) AS t
STRAIGHT_JOIN queue_stats AS s ON s.queue = CONVERT(t.queue USING ascii) COLLATE ascii_bin
GROUP BY s.queue
