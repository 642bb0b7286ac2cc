-- The wallets of a stretch of the log, in its order; each has one event in it.
SELECT wallets.*
FROM events
INNER JOIN wallets ON wallets.shard = events.shard AND wallets.wallet = events.wallet
WHERE events.shard = $1 AND events.seq BETWEEN $2 AND $3
ORDER BY events.seq
