-- The paused queues.
SELECT queue FROM queue_paused ORDER BY queue
