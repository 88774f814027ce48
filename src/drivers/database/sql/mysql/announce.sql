-- Tells other processes that queues may have work. A row is queue.
INSERT INTO queue_wakes (queue, version)
SELECT t.queue, 1 FROM JSON_TABLE(?1, '$[*]' COLUMNS (queue VARCHAR(255) PATH '$[0]')) AS t
ON DUPLICATE KEY UPDATE version = queue_wakes.version + 1
