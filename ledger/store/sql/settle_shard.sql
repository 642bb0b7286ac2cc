-- Wait until a batch that holds the shard's lock just now is over.
SELECT shard FROM shards WHERE shard = $1 FOR SHARE
