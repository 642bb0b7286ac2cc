-- The wallets in quarantine, so that every process knows whom a success lets out.
SELECT shard, wallet FROM quarantined_wallets
ORDER BY shard, wallet
LIMIT $1
