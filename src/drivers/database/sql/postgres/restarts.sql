-- How often workers were told to restart.
SELECT generation FROM queue_control WHERE name = 'restart'
