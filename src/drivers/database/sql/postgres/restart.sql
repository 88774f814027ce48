-- Tells all workers to restart.
INSERT INTO queue_control (name, generation) VALUES ('restart', 1)
ON CONFLICT (name) DO UPDATE SET generation = queue_control.generation + 1
