-- The numbers of a queue as they are kept and as they are, of one moment.
-- $1 queue, then its lines: $2 to $5 pending, lowest priority first, $6 delayed, $7 completed, $8 failed, $9 cancelled.
SELECT
    coalesce(sum(s.pending_low), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane = $2),
    coalesce(sum(s.pending_normal), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane = $3),
    coalesce(sum(s.pending_high), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane = $4),
    coalesce(sum(s.pending_critical), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane = $5),
    coalesce(sum(s.delayed), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane = $6),
    coalesce(sum(s.reserved), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane < 0 AND queue = $1),
    coalesce(sum(s.completed), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane = $7),
    coalesce(sum(s.failed), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane = $8),
    coalesce(sum(s.cancelled), 0)::bigint, (SELECT count(*) FROM queue_jobs WHERE lane = $9),
    coalesce(sum(s.system_errors), 0)::bigint,
    (SELECT count(*) FROM queue_jobs WHERE lane = $8 AND system_error <> 0)
FROM queue_stats AS s WHERE s.queue = $1
