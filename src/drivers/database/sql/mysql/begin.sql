-- Opens a transaction and tells the server's time.
START TRANSACTION; SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
