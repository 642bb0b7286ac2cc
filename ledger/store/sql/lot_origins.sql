-- The event that made each of some lots of a wallet, as far as the directory is, and its free text.
SELECT
    wanted.lot_id,
    event.seq,
    event.tag,
    (extract(EPOCH FROM event.occurred_at) * 1000000)::bigint AS occurred_us,
    event.caller,
    reason.body AS reason
FROM unnest($3::text []) AS wanted (lot_id)
CROSS JOIN LATERAL (
    SELECT directory.seq
    FROM directory
    WHERE
        directory.name = wanted.lot_id
        AND directory.kind = 'lot'
        AND directory.shard = $1
        AND directory.wallet = $2
    OFFSET 0
) AS place
CROSS JOIN LATERAL (
    SELECT events.*
    FROM events
    WHERE events.shard = $1 AND events.wallet = $2 AND events.seq = place.seq
    OFFSET 0
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
