-- Begin a batch: one round trip for BEGIN and the shard's lock.
BEGIN;
SELECT shard FROM shards WHERE shard = {shard} FOR NO KEY UPDATE;
