-- A shard's snapshots of long wallets, in the order of the log.
SELECT wallet, seq, state FROM wallet_snapshots WHERE shard = $1 ORDER BY seq, wallet
