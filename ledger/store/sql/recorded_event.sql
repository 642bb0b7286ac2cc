-- One event of a wallet as it stands in the log, with its entry.
SELECT
    (extract(EPOCH FROM events.occurred_at) * 1000000)::bigint AS occurred_us,
    events.day - DATE '1970-01-01' AS day,
    events.caller,
    events.payload,
    events.accounts,
    events.currencies,
    events.amounts
FROM events
WHERE events.shard = $1 AND events.wallet = $2 AND events.seq = $3
