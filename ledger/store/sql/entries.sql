-- A page of a wallet's events before a seq, newest first, with what is available after the last one.
-- It is one statement, so that the wallet's row and its events are of one moment.
SELECT
    wallets.currencies AS currencies_now,
    wallets.available AS available_now,
    event.seq,
    event.caller,
    event.payload,
    event.currencies,
    event.accounts,
    event.amounts,
    (extract(EPOCH FROM event.occurred_at) * 1000000)::bigint AS occurred_us,
    (extract(EPOCH FROM event.recorded_at) * 1000000)::bigint AS recorded_us,
    reason.body AS reason
FROM wallets
CROSS JOIN LATERAL (
    SELECT events.*
    FROM events
    WHERE events.shard = $1 AND events.wallet = $2 AND events.seq < $3
    ORDER BY events.seq DESC
    LIMIT $4
) AS event
LEFT JOIN LATERAL (
    SELECT texts.body
    FROM texts
    WHERE
        texts.shard = $1
        AND texts.wallet = $2
        AND texts.caller = event.caller
        AND texts.key_hash = event.key_hash
    OFFSET 0
) AS reason ON true
WHERE wallets.shard = $1 AND wallets.wallet = $2
ORDER BY event.seq DESC
