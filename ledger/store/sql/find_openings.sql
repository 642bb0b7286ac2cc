-- What earlier imports brought to some wallets of a shard: each one's key hash, command and event.
-- Imports are few among a wallet's requests and have a caller of their own, which leads the index.
SELECT
    wanted.wallet,
    request.key_hash,
    event.command,
    event.payload
FROM unnest($2::text []) AS wanted (wallet)
CROSS JOIN LATERAL (
    SELECT
        requests.key_hash,
        requests.seq
    FROM requests
    WHERE
        requests.shard = $1
        AND requests.wallet = wanted.wallet
        AND requests.caller = $3
    OFFSET 0
) AS request
CROSS JOIN LATERAL (
    SELECT
        events.command,
        events.payload
    FROM events
    WHERE events.shard = $1 AND events.wallet = wanted.wallet AND events.seq = request.seq
    OFFSET 0
) AS event
