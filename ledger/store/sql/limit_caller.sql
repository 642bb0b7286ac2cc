-- Set how much a caller may send; no row if there is no such caller.
UPDATE callers SET rate_per_s = $2, burst = $3 WHERE name = $1
RETURNING name
