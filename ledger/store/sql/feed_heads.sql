-- The last seqs of some shards.
SELECT shard, seq FROM shards WHERE shard = ANY($1::smallint [])
