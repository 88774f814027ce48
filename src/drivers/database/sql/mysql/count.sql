-- Adds to the numbers of queues, in the order of their names.
-- A row is queue, then what is added to each number in the order of the columns, then pruned_until.
INSERT INTO queue_stats (queue, shard,
    pending_low, pending_normal, pending_high, pending_critical, `delayed`, reserved, completed, failed, cancelled,
    system_errors, total_enqueued, total_processed, total_failed, total_retried, total_timeouts,
    total_thread_pool_exhaustion, pruned_until)
SELECT t.queue, CONNECTION_ID() % 16,
    t.pending_low, t.pending_normal, t.pending_high, t.pending_critical, t.`delayed`, t.reserved, t.completed,
    t.failed, t.cancelled, t.system_errors, t.total_enqueued, t.total_processed, t.total_failed, t.total_retried,
    t.total_timeouts, t.total_thread_pool_exhaustion, t.pruned_until
FROM JSON_TABLE(?1, '$[*]' COLUMNS (queue VARCHAR(255) PATH '$[0]',
    pending_low BIGINT PATH '$[1]', pending_normal BIGINT PATH '$[2]', pending_high BIGINT PATH '$[3]',
    pending_critical BIGINT PATH '$[4]', `delayed` BIGINT PATH '$[5]', reserved BIGINT PATH '$[6]',
    completed BIGINT PATH '$[7]', failed BIGINT PATH '$[8]', cancelled BIGINT PATH '$[9]',
    system_errors BIGINT PATH '$[10]', total_enqueued BIGINT PATH '$[11]', total_processed BIGINT PATH '$[12]',
    total_failed BIGINT PATH '$[13]', total_retried BIGINT PATH '$[14]', total_timeouts BIGINT PATH '$[15]',
    total_thread_pool_exhaustion BIGINT PATH '$[16]', pruned_until BIGINT PATH '$[17]'
)) AS t
ON DUPLICATE KEY UPDATE
    pending_low = queue_stats.pending_low + VALUES(pending_low),
    pending_normal = queue_stats.pending_normal + VALUES(pending_normal),
    pending_high = queue_stats.pending_high + VALUES(pending_high),
    pending_critical = queue_stats.pending_critical + VALUES(pending_critical),
    `delayed` = queue_stats.`delayed` + VALUES(`delayed`), reserved = queue_stats.reserved + VALUES(reserved),
    completed = queue_stats.completed + VALUES(completed), failed = queue_stats.failed + VALUES(failed),
    cancelled = queue_stats.cancelled + VALUES(cancelled),
    system_errors = queue_stats.system_errors + VALUES(system_errors),
    total_enqueued = queue_stats.total_enqueued + VALUES(total_enqueued),
    total_processed = queue_stats.total_processed + VALUES(total_processed),
    total_failed = queue_stats.total_failed + VALUES(total_failed),
    total_retried = queue_stats.total_retried + VALUES(total_retried),
    total_timeouts = queue_stats.total_timeouts + VALUES(total_timeouts),
    total_thread_pool_exhaustion = queue_stats.total_thread_pool_exhaustion + VALUES(total_thread_pool_exhaustion),
    pruned_until = GREATEST(queue_stats.pruned_until, VALUES(pruned_until))
