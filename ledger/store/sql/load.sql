-- Everything a batch or a read may look at: head and clock, wallets, documents, charges, requests.
-- Rows are (what, wallet, a, b, key, numbers, body, extra); `what` says which columns are filled.
-- Every look-up is a LATERAL behind OFFSET 0: whatever the planner knows of the tables (nothing, on a
-- new ledger), all that it can do is probe the index with the whole key.
WITH head AS MATERIALIZED (
    SELECT
        shards.seq,
        shards.tree_size,
        shards.closed_through,
        shards.recorded_at,
        shards.frontier,
        (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint
        + coalesce((SELECT offset_us FROM development_clock), 0) AS clock_us
    FROM shards
    WHERE shards.shard = $1
),

wanted_request AS MATERIALIZED (
    SELECT
        given.wallet,
        given.caller,
        decode(given.key_hash, 'hex') AS key_hash
    FROM unnest(
        (string_to_array($8, E'\n')) [2:],
        (string_to_array($9, E'\n')) [2:],
        (string_to_array($10, E'\n')) [2:]
    ) AS given (wallet, caller, key_hash)
)

SELECT
    'head' AS what,
    NULL::text AS wallet,
    NULL::text AS a,
    NULL::text AS b,
    NULL::bytea AS key,
    ARRAY[
        head.seq,
        head.tree_size,
        head.closed_through - DATE '1970-01-01',
        greatest(head.clock_us, (extract(EPOCH FROM head.recorded_at) * 1000000)::bigint)
    ] AS numbers,
    encode(head.frontier, 'hex') AS body,
    NULL::text AS extra
FROM head
UNION ALL
SELECT 'wallet', wanted.wallet, NULL, NULL, NULL, ARRAY[found.seq, found.events], found.state, NULL
FROM unnest((string_to_array($2, E'\n')) [2:]) AS wanted (wallet)
CROSS JOIN LATERAL (
    SELECT wallets.seq, wallets.events, wallets.state
    FROM wallets
    WHERE wallets.shard = $1 AND wallets.wallet = wanted.wallet
    OFFSET 0
) AS found
UNION ALL
SELECT 'document', wanted.wallet, wanted.kind, wanted.id, NULL, NULL, found.state, NULL
FROM unnest($3::text [], $4::text [], $5::text []) AS wanted (wallet, kind, id)
CROSS JOIN LATERAL (
    SELECT documents.state
    FROM documents
    WHERE
        documents.shard = $1
        AND documents.wallet = wanted.wallet
        AND documents.kind = wanted.kind
        AND documents.id = wanted.id
    OFFSET 0
) AS found
UNION ALL
SELECT 'charge', wanted.wallet, NULL, NULL, NULL, ARRAY[wanted.seq], found.payload, NULL
FROM unnest($6::text [], $7::bigint []) AS wanted (wallet, seq)
CROSS JOIN LATERAL (
    SELECT events.payload
    FROM events
    WHERE events.shard = $1 AND events.seq = wanted.seq AND events.wallet = wanted.wallet
    OFFSET 0
) AS found
UNION ALL
SELECT
    'request',
    wanted.wallet,
    wanted.caller,
    NULL,
    wanted.key_hash,
    ARRAY[request.seq],
    event.payload,
    event.command
FROM wanted_request AS wanted
CROSS JOIN LATERAL (
    SELECT requests.seq
    FROM requests
    WHERE
        requests.shard = $1
        AND requests.wallet = wanted.wallet
        AND requests.caller = wanted.caller
        AND requests.key_hash = wanted.key_hash
    OFFSET 0
) AS request
CROSS JOIN LATERAL (
    SELECT events.payload, events.command
    FROM events
    WHERE events.shard = $1 AND events.wallet = wanted.wallet AND events.seq = request.seq
    OFFSET 0
) AS event
UNION ALL
SELECT 'refusal', wanted.wallet, wanted.caller, NULL, wanted.key_hash, NULL, found.verdict, found.command
FROM wanted_request AS wanted
CROSS JOIN LATERAL (
    SELECT refusals.verdict, refusals.command
    FROM refusals
    WHERE
        refusals.shard = $1
        AND refusals.wallet = wanted.wallet
        AND refusals.caller = wanted.caller
        AND refusals.key_hash = wanted.key_hash
    OFFSET 0
) AS found
UNION ALL
SELECT 'text', wanted.wallet, wanted.caller, NULL, wanted.key_hash, NULL, encode(found.salt, 'hex'), NULL
FROM unnest($11::text [], $12::text [], $13::bytea []) AS wanted (wallet, caller, key_hash)
CROSS JOIN LATERAL (
    SELECT texts.salt
    FROM texts
    WHERE
        texts.shard = $1
        AND texts.wallet = wanted.wallet
        AND texts.caller = wanted.caller
        AND texts.key_hash = wanted.key_hash
    OFFSET 0
) AS found
