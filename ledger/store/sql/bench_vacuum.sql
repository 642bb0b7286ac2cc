-- What autovacuum does, at a moment of our own choice.
VACUUM (ANALYZE)
