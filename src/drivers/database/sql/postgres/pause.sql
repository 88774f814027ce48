-- Pauses a queue.
-- $1 queue.
INSERT INTO queue_paused (queue) VALUES ($1) ON CONFLICT DO NOTHING
