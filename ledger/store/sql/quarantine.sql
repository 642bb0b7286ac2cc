-- Put wallets into quarantine, or keep them there: each failure doubles the time to the next try, from
-- a minute to an hour, by the service's clock.
WITH clock AS (
    SELECT
        clock_timestamp()
        + coalesce((SELECT offset_us FROM development_clock), 0) * INTERVAL '1 microsecond' AS now
)

INSERT INTO quarantined_wallets (shard, wallet, since, retry_at, attempts, error)
SELECT $1, given.wallet, clock.now, clock.now + INTERVAL '1 minute', 1, given.error
FROM unnest($2::text [], $3::text []) AS given (wallet, error)
CROSS JOIN clock
ORDER BY given.wallet
ON CONFLICT ON CONSTRAINT quarantined_wallets_pkey DO UPDATE SET
    retry_at = excluded.since
    + least(power(2, least(quarantined_wallets.attempts, 10)) * INTERVAL '1 minute', INTERVAL '1 hour'),
    attempts = quarantined_wallets.attempts + 1,
    error = excluded.error
