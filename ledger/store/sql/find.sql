-- What goes by a name and whose it is: a few of each kind, found directly where the name says where.
-- A wallet is looked for in its own shard; orders and refunds in the one that their id begins with; a
-- charge by the place in the log that its id is. All else is in the directory.
SELECT found.kind, found.wallet, found.seq
FROM (
    SELECT 'wallet' AS kind, wallets.wallet, wallets.seq
    FROM wallets
    WHERE wallets.shard = $2 AND wallets.wallet = $1
    UNION ALL
    SELECT 'order', documents.wallet, documents.seq
    FROM documents
    WHERE documents.shard = $3 AND documents.kind = 'order' AND documents.id = $1
    UNION ALL
    SELECT 'refund', documents.wallet, documents.seq
    FROM documents
    WHERE documents.shard = $3 AND documents.kind = 'refund' AND documents.id = $1
    UNION ALL
    (
        -- Asked for in the log's own order, for only its own index is probed with the whole key.
        SELECT 'charge', events.wallet, events.seq
        FROM events
        WHERE
            events.shard = $4
            AND events.seq >= $5
            AND events.seq <= $5
            AND events.tag IN ('debit_charged_v1', 'hold_captured_v1')
        ORDER BY events.seq
        LIMIT 1
    )
    UNION ALL
    (
        SELECT directory.kind, directory.wallet, directory.seq
        FROM directory
        WHERE directory.name = $1
        ORDER BY directory.kind, directory.shard, directory.wallet
        LIMIT $6
    )
) AS found
LIMIT $6
