-- How far the directory is in a shard, or in each, and how far the shard's log.
SELECT
    shards.shard,
    coalesce(place.seq, 0) AS seq,
    place.seq IS NOT NULL AS has_begun,
    shards.seq AS head
FROM shards
LEFT JOIN directory_progress AS place ON shards.shard = place.shard
WHERE $1::smallint IS NULL OR shards.shard = $1
ORDER BY shards.shard
