-- Whether a shard can be written to: its lock, waited for as long as any, and given back at once.
SELECT shard FROM shards WHERE shard = $1 FOR NO KEY UPDATE
