-- Ends the pause of a queue.
-- ?1 queue.
DELETE FROM queue_paused WHERE queue = ?1
