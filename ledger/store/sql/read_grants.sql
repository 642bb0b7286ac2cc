-- What counts for a caller's grants: today in Shanghai, used points by currency, and for every request
-- whether it is counted already or was answered before. Rows are (what, ordinal, currency, used).
WITH today AS (
    SELECT
        (
            (
                clock_timestamp()
                + coalesce((SELECT offset_us FROM development_clock), 0) * INTERVAL '1 microsecond'
            ) AT TIME ZONE 'Asia/Shanghai'
        )::date AS day
),

given AS (
    SELECT * FROM unnest($2::smallint [], $3::text [], $4::bytea [], $5::bytea [])
    WITH ORDINALITY AS given (shard, wallet, key_hash, counted_as, ordinal)
)

SELECT 'day' AS what, today.day - DATE '1970-01-01' AS number, NULL::numeric AS used
FROM today
UNION ALL
SELECT 'used', capped_grants.currency, sum(capped_grants.amount)
FROM capped_grants
INNER JOIN today ON capped_grants.day = today.day
WHERE capped_grants.caller = $1
GROUP BY capped_grants.currency
UNION ALL
SELECT 'counted', given.ordinal, NULL
FROM given
CROSS JOIN today
INNER JOIN capped_grants
    ON
        capped_grants.caller = $1
        AND today.day = capped_grants.day
        AND given.wallet = capped_grants.wallet
        AND given.counted_as = capped_grants.key_hash
UNION ALL
SELECT 'answered', given.ordinal, NULL
FROM given
WHERE
    EXISTS (
        SELECT 1
        FROM requests
        WHERE
            requests.shard = given.shard
            AND requests.wallet = given.wallet
            AND requests.caller = $1
            AND requests.key_hash = given.key_hash
    )
    OR EXISTS (
        SELECT 1
        FROM refusals
        WHERE
            refusals.shard = given.shard
            AND refusals.wallet = given.wallet
            AND refusals.caller = $1
            AND refusals.key_hash = given.key_hash
    )
