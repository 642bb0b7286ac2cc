-- Delete the free text that came with a wallet's requests; the log keeps its salted digests.
WITH erased AS (
    DELETE FROM texts WHERE shard = $1 AND wallet = $2
    RETURNING 1 AS one
)

SELECT count(*) FROM erased
