-- Tells other processes that queues may have work. A row is queue.
SELECT pg_notify('journeyman_wakes', t.queue) FROM unnest($1::text[]) AS t (queue)
