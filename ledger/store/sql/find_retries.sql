-- Wallets in quarantine whose time to be tried again has come, by the service's clock.
SELECT wallet
FROM quarantined_wallets
WHERE
    shard = $1
    AND retry_at <= 'epoch'::timestamptz + $2::bigint * INTERVAL '1 microsecond'
ORDER BY retry_at
LIMIT $3
