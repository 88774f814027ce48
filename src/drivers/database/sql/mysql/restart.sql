-- Tells all workers to restart.
INSERT INTO queue_control (name, generation) VALUES ('restart', 1) ON DUPLICATE KEY UPDATE generation = generation + 1
