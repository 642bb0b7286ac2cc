-- Let what was stopped go on; no row if it was not stopped.
DELETE FROM switches WHERE kind = $1 AND name = $2
RETURNING name
