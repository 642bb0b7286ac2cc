-- Append a decided batch: events, requests, refusals, texts, wallets, documents, totals, block, head.
-- A column of rows travels as one text, a line before each value: that costs the driver a tenth of
-- an array. What stands in such a column (ids, numbers, JSON) never holds a line feed.
-- An interval is multiplied as a double: hours and the rest apart are exact until year 9999.
WITH event AS MATERIALIZED (
    SELECT
        given.*,
        $3::bigint + given.ordinality AS seq
    FROM unnest(
        (string_to_array($4, E'\n')) [2:],
        (string_to_array($5, E'\n')) [2:],
        (string_to_array($6, E'\n')) [2:],
        (string_to_array($7, E'\n')) [2:],
        (string_to_array($8, E'\n')) [2:],
        (string_to_array($9, E'\n')) [2:],
        (string_to_array($10, E'\n')) [2:],
        (string_to_array($11, E'\n')) [2:],
        (string_to_array($12, E'\n')) [2:],
        (string_to_array($13, E'\n')) [2:],
        (string_to_array($14, E'\n')) [2:]
    ) WITH ORDINALITY AS given (
        wallet, tag, occurred_us, day, caller, key_hash,
        command, payload, accounts, currencies, amounts, ordinality
    )
),

recorded AS (
    SELECT
        'epoch'::timestamptz
        + ($2::bigint / 3600000000) * INTERVAL '1 hour'
        + ($2::bigint % 3600000000) * INTERVAL '1 microsecond' AS at
),

new_events AS (
    INSERT INTO events
    SELECT
        $1,
        event.seq,
        event.wallet,
        event.tag,
        'epoch'::timestamptz
        + (event.occurred_us::bigint / 3600000000) * INTERVAL '1 hour'
        + (event.occurred_us::bigint % 3600000000) * INTERVAL '1 microsecond',
        recorded.at,
        DATE '1970-01-01' + event.day::integer,
        event.caller,
        decode(event.key_hash, 'hex'),
        event.command,
        event.payload,
        event.accounts::smallint [],
        event.currencies::smallint [],
        event.amounts::bigint []
    FROM event CROSS JOIN recorded
),

new_requests AS (
    INSERT INTO requests
    SELECT $1, event.wallet, event.caller, decode(event.key_hash, 'hex'), event.seq
    FROM event
    WHERE event.key_hash <> ''
),

new_refusals AS (
    INSERT INTO refusals
    SELECT $1, given.wallet, given.caller, given.key_hash, recorded.at, given.command, given.verdict
    FROM unnest($15::text [], $16::text [], $17::bytea [], $18::text [], $19::text [])
        AS given (wallet, caller, key_hash, command, verdict)
    CROSS JOIN recorded
),

new_texts AS (
    INSERT INTO texts
    SELECT $1, given.*
    FROM unnest($20::text [], $21::text [], $22::bytea [], $23::bytea [], $24::text [])
        AS given (wallet, caller, key_hash, salt, body)
),

new_wallets AS (
    INSERT INTO wallets
    SELECT
        $1,
        given.wallet,
        given.seq::bigint,
        given.state,
        given.currencies::smallint [],
        given.available::bigint [],
        given.held::bigint [],
        'epoch'::timestamptz
        + (given.due_us::bigint / 3600000000) * INTERVAL '1 hour'
        + (given.due_us::bigint % 3600000000) * INTERVAL '1 microsecond',
        given.events::bigint,
        'epoch'::timestamptz
        + (given.unsent_us::bigint / 3600000000) * INTERVAL '1 hour'
        + (given.unsent_us::bigint % 3600000000) * INTERVAL '1 microsecond'
    FROM unnest(
        (string_to_array($25, E'\n')) [2:],
        (string_to_array($26, E'\n')) [2:],
        (string_to_array($27, E'\n')) [2:],
        (string_to_array($28, E'\n')) [2:],
        (string_to_array($29, E'\n')) [2:],
        (string_to_array($30, E'\n')) [2:],
        (string_to_array($31, E'\n', '')) [2:],
        (string_to_array($32, E'\n')) [2:],
        (string_to_array($33, E'\n', '')) [2:]
    ) AS given (wallet, seq, state, currencies, available, held, due_us, events, unsent_us)
    ON CONFLICT ON CONSTRAINT wallets_pkey DO UPDATE SET
        seq = excluded.seq,
        state = excluded.state,
        currencies = excluded.currencies,
        available = excluded.available,
        held = excluded.held,
        due_at = excluded.due_at,
        events = excluded.events,
        unsent_since = excluded.unsent_since
),

new_snapshots AS (
    INSERT INTO wallet_snapshots
    SELECT $1, given.wallet, given.seq, recorded.at, given.state
    FROM unnest($34::text [], $35::bigint [], $36::text []) AS given (wallet, seq, state)
    CROSS JOIN recorded
    ON CONFLICT ON CONSTRAINT wallet_snapshots_pkey DO NOTHING
),

new_documents AS (
    INSERT INTO documents
    SELECT $1, given.*
    FROM unnest($37::text [], $38::text [], $39::text [], $40::bigint [], $41::text [])
        AS given (wallet, kind, id, seq, state)
    ON CONFLICT ON CONSTRAINT documents_pkey DO UPDATE SET
        seq = excluded.seq,
        state = excluded.state
),

new_totals AS (
    INSERT INTO account_totals
    SELECT $1, DATE '1970-01-01' + given.day, given.account, given.currency, given.debit, given.credit
    FROM unnest($42::integer [], $43::smallint [], $44::smallint [], $45::numeric [], $46::numeric [])
        AS given (day, account, currency, debit, credit)
    ON CONFLICT ON CONSTRAINT account_totals_pkey DO UPDATE SET
        debit = account_totals.debit + excluded.debit,
        credit = account_totals.credit + excluded.credit
),

new_block AS (
    INSERT INTO blocks
    SELECT $1, $3::bigint + 1, $3::bigint + $51::bigint, recorded.at, $47::bytea, $48::bytea
    FROM recorded
    WHERE $51::bigint > 0
)

UPDATE shards SET
    seq = $3::bigint + $51::bigint,
    tree_size = $49::bigint,
    frontier = $50::bytea,
    recorded_at = recorded.at
FROM recorded
WHERE shards.shard = $1 AND $51::bigint > 0
