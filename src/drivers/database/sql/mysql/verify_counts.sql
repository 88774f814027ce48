-- The numbers of a queue as they are kept and as they are, of one moment.
-- ?1 queue, then its lines: ?2 to ?5 pending, lowest priority first, ?6 delayed, ?7 completed, ?8 failed, ?9 cancelled.
SELECT
    CAST(COALESCE(SUM(s.pending_low), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane = ?2),
    CAST(COALESCE(SUM(s.pending_normal), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane = ?3),
    CAST(COALESCE(SUM(s.pending_high), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane = ?4),
    CAST(COALESCE(SUM(s.pending_critical), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane = ?5),
    CAST(COALESCE(SUM(s.`delayed`), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane = ?6),
    CAST(COALESCE(SUM(s.reserved), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane < 0 AND queue = ?1),
    CAST(COALESCE(SUM(s.completed), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane = ?7),
    CAST(COALESCE(SUM(s.failed), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane = ?8),
    CAST(COALESCE(SUM(s.cancelled), 0) AS SIGNED), (SELECT count(*) FROM queue_jobs WHERE lane = ?9),
    CAST(COALESCE(SUM(s.system_errors), 0) AS SIGNED),
    (SELECT count(*) FROM queue_jobs WHERE lane = ?8 AND system_error <> 0)
FROM queue_stats AS s WHERE s.queue = ?1
