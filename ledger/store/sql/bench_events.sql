-- A stretch of a shard's log, as it stands, to be copied.
SELECT *
FROM events
WHERE shard = $1 AND seq BETWEEN $2 AND $3
ORDER BY seq
