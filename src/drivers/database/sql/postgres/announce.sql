-- Tells other processes that queues may have work; only those whose tables are these. A row is queue.
SELECT pg_notify('journeyman_' || md5(current_schema()), t.queue) FROM unnest($1::text[]) AS t (queue)
