-- What operators have stopped.
SELECT kind, name, stopped_at, stopped_by, reason FROM switches
ORDER BY kind, name
