-- A head for each shard.
INSERT INTO shards (shard) SELECT generate_series(0, $1::integer - 1) ON CONFLICT (shard) DO NOTHING
