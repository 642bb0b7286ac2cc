-- How many wallets of all shards have something due by an instant, but for those in quarantine.
SELECT count(*)
FROM wallets
WHERE
    wallets.due_at <= 'epoch'::timestamptz + $1::bigint * INTERVAL '1 microsecond'
    AND NOT EXISTS (
        SELECT 1
        FROM quarantined_wallets
        WHERE
            quarantined_wallets.shard = wallets.shard
            AND quarantined_wallets.wallet = wallets.wallet
    )
