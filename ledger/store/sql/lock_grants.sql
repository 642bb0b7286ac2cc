-- One caller's grants are counted one after the other, until the end of the database transaction.
SELECT pg_advisory_xact_lock(hashtextextended('grants of ' || $1, 0))
