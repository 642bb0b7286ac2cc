-- A shard's stored wallets.
SELECT wallet, seq, events, state, currencies, available, held FROM wallets WHERE shard = $1
