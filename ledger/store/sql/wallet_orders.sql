-- A page of a wallet's orders before an id, newest first: ids sort by time.
-- The kind is a sub-select so that the index over all orders of a shard, whoever's, does not match.
SELECT state
FROM documents
WHERE shard = $1 AND wallet = $2 AND kind = (SELECT 'order'::text) AND id < $3
ORDER BY id DESC
LIMIT $4
