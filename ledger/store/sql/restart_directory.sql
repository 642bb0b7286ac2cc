-- Have every shard followed from its first event again; whoever follows one waits for this.
INSERT INTO directory_progress (shard, seq)
SELECT shards.shard, 0
FROM shards
ORDER BY shards.shard
ON CONFLICT ON CONSTRAINT directory_progress_pkey DO UPDATE SET seq = 0
