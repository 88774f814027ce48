-- Opens a transaction and tells the server's time.
BEGIN; SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
