-- What a shard's head states.
SELECT seq, tree_size, frontier FROM shards WHERE shard = $1
