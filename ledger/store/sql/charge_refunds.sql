-- The refunds of a charge among the events of its wallet that follow it, the first few thousand.
SELECT
    event.seq,
    (extract(EPOCH FROM event.occurred_at) * 1000000)::bigint AS occurred_us,
    event.caller,
    event.payload,
    reason.body AS reason
FROM (
    SELECT events.*
    FROM events
    WHERE events.shard = $1 AND events.wallet = $2 AND events.seq > $3
    ORDER BY events.seq
    LIMIT $5
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
WHERE event.tag = 'charge_refunded_v1' AND event.payload::jsonb #>> '{charge,charge_id}' = $4
ORDER BY event.seq
