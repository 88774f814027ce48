-- What was announced so far.
SELECT queue, version FROM queue_wakes
