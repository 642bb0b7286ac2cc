-- The ledger's one row, made once.
INSERT INTO ledger (shards, development) VALUES ($1, $2) ON CONFLICT (singleton) DO NOTHING
