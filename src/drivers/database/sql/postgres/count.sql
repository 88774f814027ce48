-- Adds to the numbers of queues, in the order of their names.
-- A row is queue, then what is added to each number in the order of the columns, then pruned_until.
INSERT INTO queue_stats (queue, shard,
    pending_low, pending_normal, pending_high, pending_critical, delayed, reserved, completed, failed, cancelled,
    system_errors, total_enqueued, total_processed, total_failed, total_retried, total_timeouts,
    total_thread_pool_exhaustion, pruned_until)
SELECT t.queue, pg_backend_pid() % 16,
    t.pending_low, t.pending_normal, t.pending_high, t.pending_critical, t.delayed, t.reserved, t.completed,
    t.failed, t.cancelled, t.system_errors, t.total_enqueued, t.total_processed, t.total_failed, t.total_retried,
    t.total_timeouts, t.total_thread_pool_exhaustion, t.pruned_until
FROM unnest($1::text[],
    $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
    $17::bigint[], $18::bigint[]
) AS t (queue,
    pending_low, pending_normal, pending_high, pending_critical, delayed, reserved, completed, failed, cancelled,
    system_errors, total_enqueued, total_processed, total_failed, total_retried, total_timeouts,
    total_thread_pool_exhaustion, pruned_until)
ON CONFLICT (queue, shard) DO UPDATE SET
    pending_low = queue_stats.pending_low + excluded.pending_low,
    pending_normal = queue_stats.pending_normal + excluded.pending_normal,
    pending_high = queue_stats.pending_high + excluded.pending_high,
    pending_critical = queue_stats.pending_critical + excluded.pending_critical,
    delayed = queue_stats.delayed + excluded.delayed, reserved = queue_stats.reserved + excluded.reserved,
    completed = queue_stats.completed + excluded.completed, failed = queue_stats.failed + excluded.failed,
    cancelled = queue_stats.cancelled + excluded.cancelled,
    system_errors = queue_stats.system_errors + excluded.system_errors,
    total_enqueued = queue_stats.total_enqueued + excluded.total_enqueued,
    total_processed = queue_stats.total_processed + excluded.total_processed,
    total_failed = queue_stats.total_failed + excluded.total_failed,
    total_retried = queue_stats.total_retried + excluded.total_retried,
    total_timeouts = queue_stats.total_timeouts + excluded.total_timeouts,
    total_thread_pool_exhaustion = queue_stats.total_thread_pool_exhaustion + excluded.total_thread_pool_exhaustion,
    pruned_until = greatest(queue_stats.pruned_until, excluded.pruned_until)
