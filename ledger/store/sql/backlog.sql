-- What a sweep has before it: the service's clock, when the oldest of what is due fell due (wallets
-- in quarantine aside; NULL if nothing is), and how many wallets are in quarantine.
WITH clock AS (
    SELECT
        (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint
        + coalesce((SELECT offset_us FROM development_clock), 0) AS now_us
)

SELECT
    clock.now_us,
    (
        SELECT (extract(EPOCH FROM wallets.due_at) * 1000000)::bigint
        FROM wallets
        WHERE
            wallets.shard = $1
            AND wallets.due_at <= 'epoch'::timestamptz + clock.now_us * INTERVAL '1 microsecond'
            AND NOT EXISTS (
                SELECT 1
                FROM quarantined_wallets
                WHERE
                    quarantined_wallets.shard = wallets.shard
                    AND quarantined_wallets.wallet = wallets.wallet
            )
        ORDER BY wallets.due_at
        LIMIT 1
    ) AS oldest_due_us,
    (SELECT count(*) FROM quarantined_wallets WHERE quarantined_wallets.shard = $1) AS quarantined
FROM clock
