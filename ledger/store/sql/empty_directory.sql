-- Forget every name; in one database transaction with the restart, and after it.
DELETE FROM directory
