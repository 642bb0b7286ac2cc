-- A shard's events after a seq, in seq order, and its last seq; one row without an event if none.
-- A page ends early where its payloads come to more bytes than the last parameter says.
SELECT
    shards.seq AS head,
    event.seq,
    event.wallet,
    event.tag,
    (extract(EPOCH FROM event.occurred_at) * 1000000)::bigint AS occurred_us,
    (extract(EPOCH FROM event.recorded_at) * 1000000)::bigint AS recorded_us,
    event.day - DATE '1970-01-01' AS day,
    event.caller,
    event.payload,
    event.accounts,
    event.currencies,
    event.amounts
FROM shards
LEFT JOIN LATERAL (
    SELECT
        page.*,
        sum(octet_length(page.payload)) OVER (ORDER BY page.seq) AS bytes_up_to,
        row_number() OVER (ORDER BY page.seq) AS place
    FROM (
        SELECT events.*
        FROM events
        WHERE events.shard = $1 AND events.seq > $2
        ORDER BY events.seq
        LIMIT $3
    ) AS page
) AS event ON event.place = 1 OR event.bytes_up_to <= $4
WHERE shards.shard = $1
ORDER BY event.seq
