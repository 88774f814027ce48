-- Pauses a queue.
-- ?1 queue.
INSERT IGNORE INTO queue_paused (queue) VALUES (?1)
