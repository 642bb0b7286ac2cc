-- Let the directory begin with a shard's first event, unless it has begun.
INSERT INTO directory_progress (shard, seq) VALUES ($1, 0)
ON CONFLICT ON CONSTRAINT directory_progress_pkey DO NOTHING
