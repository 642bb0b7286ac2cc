-- A shard's log in seq order, times as microseconds, days as numbers.
SELECT
    shard,
    seq,
    wallet,
    tag,
    (extract(EPOCH FROM occurred_at) * 1000000)::bigint AS occurred_us,
    (extract(EPOCH FROM recorded_at) * 1000000)::bigint AS recorded_us,
    day - DATE '1970-01-01' AS day,
    caller,
    key_hash,
    command,
    payload,
    accounts,
    currencies,
    amounts
FROM events
WHERE shard = $1
ORDER BY seq
