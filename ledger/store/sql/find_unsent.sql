-- Wallets with an open transfer or refund that has waited since before an instant: one page, by time.
SELECT
    wallets.wallet,
    wallets.state,
    wallets.unsent_since
FROM wallets
WHERE
    wallets.shard = $1
    AND wallets.unsent_since <= 'epoch'::timestamptz + $2::bigint * INTERVAL '1 microsecond'
    AND (wallets.unsent_since, wallets.wallet) > ($3::timestamptz, $4::text)
ORDER BY wallets.unsent_since, wallets.wallet
LIMIT $5
