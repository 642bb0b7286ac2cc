-- One migration at a time; the lock goes with the connection. Any constant would do.
SELECT pg_advisory_lock(7104562002)
