-- The numbers of queues. A row is queue.
SELECT s.queue,
    sum(s.pending_low)::bigint, sum(s.pending_normal)::bigint, sum(s.pending_high)::bigint,
    sum(s.pending_critical)::bigint, sum(s.delayed)::bigint, sum(s.reserved)::bigint, sum(s.completed)::bigint,
    sum(s.failed)::bigint, sum(s.cancelled)::bigint, sum(s.system_errors)::bigint, sum(s.total_enqueued)::bigint,
    sum(s.total_processed)::bigint, sum(s.total_failed)::bigint, sum(s.total_retried)::bigint,
    sum(s.total_timeouts)::bigint, sum(s.total_thread_pool_exhaustion)::bigint
FROM queue_stats AS s WHERE s.queue = ANY ($1::text[])
GROUP BY s.queue
