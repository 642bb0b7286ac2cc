-- The requests of a stretch of the log, in its order.
SELECT requests.*
FROM events
INNER JOIN requests
    ON
        requests.shard = events.shard
        AND requests.wallet = events.wallet
        AND requests.caller = events.caller
        AND requests.key_hash = events.key_hash
WHERE events.shard = $1 AND events.seq BETWEEN $2 AND $3
ORDER BY events.seq
