-- Follow a shard's log from where the directory is: enter what the next events name, and move on.
-- The place is locked first: whoever follows at the same time waits, and goes on from there.
-- Most events name nothing new, which their tag or text tells before their JSON is parsed.
WITH place AS MATERIALIZED (
    SELECT directory_progress.seq
    FROM directory_progress
    WHERE directory_progress.shard = $1
    FOR UPDATE
),

page AS MATERIALIZED (
    SELECT event.*
    FROM place
    CROSS JOIN LATERAL (
        SELECT events.seq, events.wallet, events.tag, events.payload
        FROM events
        WHERE events.shard = $1 AND events.seq > place.seq
        ORDER BY events.seq
        LIMIT $2
    ) AS event
),

telling AS MATERIALIZED (
    SELECT page.seq, page.wallet, page.payload::jsonb AS event
    FROM page
    WHERE
        CASE page.tag
            WHEN 'debit_charged_v1' THEN strpos(page.payload, '"reference":') > 0
            WHEN 'hold_captured_v1' THEN false
            WHEN 'hold_voided_v1' THEN false
            WHEN 'hold_extended_v1' THEN false
            WHEN 'hold_expired_v1' THEN false
            WHEN 'lot_expired_v1' THEN false
            WHEN 'charge_refunded_v1' THEN false
            ELSE true
        END
),

carried_over AS (
    SELECT telling.seq, telling.wallet, part.item ->> 'order_id' AS name
    FROM telling
    CROSS JOIN LATERAL jsonb_array_elements(
        (telling.event -> 'lots') || (telling.event -> 'claims')
    ) AS part (item)
    WHERE telling.event ->> 'type' = 'opening_imported_v1'
),

named AS (
    SELECT telling.seq, telling.wallet, one.kind, one.name
    FROM telling
    CROSS JOIN LATERAL (
        VALUES
        ('hold', telling.event #>> '{hold,hold_id}'),
        ('lot', telling.event #>> '{lot,lot_id}'),
        ('payment', telling.event #>> '{order,payment_id}'),
        ('payment', telling.event ->> 'payment_id'),
        ('payment', telling.event ->> 'reversal_id'),
        ('reference', telling.event #>> '{charge,reference}'),
        ('reference', telling.event #>> '{hold,reference}'),
        ('reference', telling.event #>> '{transfer,reference}'),
        ('reference', telling.event ->> 'reference'),
        ('transfer', telling.event #>> '{transfer,transfer_id}')
    ) AS one (kind, name)
    WHERE one.name IS NOT NULL
    UNION ALL
    SELECT telling.seq, telling.wallet, 'lot', part.item ->> 'lot_id'
    FROM telling
    CROSS JOIN LATERAL jsonb_array_elements(
        coalesce(telling.event -> 'lots', telling.event -> 'more')
    ) AS part (item)
    UNION ALL
    SELECT carried_over.seq, carried_over.wallet, 'order', carried_over.name
    FROM carried_over
    WHERE carried_over.name IS NOT NULL
),

entered AS (
    INSERT INTO directory (shard, name, kind, wallet, seq)
    SELECT $1, named.name, named.kind, named.wallet, min(named.seq)
    FROM named
    GROUP BY named.name, named.kind, named.wallet
    ORDER BY named.name, named.kind, named.wallet
    ON CONFLICT ON CONSTRAINT directory_pkey DO NOTHING
)

UPDATE directory_progress SET seq = (SELECT max(page.seq) FROM page)
WHERE directory_progress.shard = $1 AND EXISTS (SELECT FROM page)
RETURNING (SELECT count(*) FROM page) AS events
