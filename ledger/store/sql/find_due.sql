-- Wallets in which something has fallen due by an instant, oldest first, but for those in quarantine.
SELECT wallets.wallet
FROM wallets
WHERE
    wallets.shard = $1
    AND wallets.due_at <= 'epoch'::timestamptz + $2::bigint * INTERVAL '1 microsecond'
    AND NOT EXISTS (
        SELECT 1
        FROM quarantined_wallets
        WHERE
            quarantined_wallets.shard = wallets.shard
            AND quarantined_wallets.wallet = wallets.wallet
    )
ORDER BY wallets.due_at
LIMIT $3
