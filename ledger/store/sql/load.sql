-- Everything a batch or a read may look at: head and clock, wallets, documents, charges, requests.
-- Rows are (what, wallet, a, b, key, numbers, body, extra); `what` says which columns are filled.
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
SELECT 'wallet', wallets.wallet, NULL, NULL, NULL, ARRAY[wallets.seq], wallets.state, NULL
FROM unnest((string_to_array($2, E'\n')) [2:]) AS wanted (wallet)
INNER JOIN wallets ON wallets.shard = $1 AND wallets.wallet = wanted.wallet
UNION ALL
SELECT 'document', documents.wallet, documents.kind, documents.id, NULL, NULL, documents.state, NULL
FROM unnest($3::text [], $4::text [], $5::text []) AS wanted (wallet, kind, id)
INNER JOIN documents
    ON
        documents.shard = $1
        AND documents.wallet = wanted.wallet
        AND documents.kind = wanted.kind
        AND documents.id = wanted.id
UNION ALL
SELECT 'charge', events.wallet, NULL, NULL, NULL, ARRAY[events.seq], events.payload, NULL
FROM unnest($6::text [], $7::bigint []) AS wanted (wallet, seq)
INNER JOIN events
    ON events.shard = $1 AND events.seq = wanted.seq AND events.wallet = wanted.wallet
UNION ALL
SELECT
    'request',
    requests.wallet,
    requests.caller,
    NULL,
    requests.key_hash,
    ARRAY[requests.seq],
    events.payload,
    events.command
FROM unnest(
    (string_to_array($8, E'\n')) [2:],
    (string_to_array($9, E'\n')) [2:],
    (string_to_array($10, E'\n')) [2:]
) AS wanted (wallet, caller, key_hash)
INNER JOIN requests
    ON
        requests.shard = $1
        AND requests.wallet = wanted.wallet
        AND requests.caller = wanted.caller
        AND requests.key_hash = decode(wanted.key_hash, 'hex')
INNER JOIN events ON events.shard = $1 AND events.seq = requests.seq
UNION ALL
SELECT
    'refusal',
    refusals.wallet,
    refusals.caller,
    NULL,
    refusals.key_hash,
    NULL,
    refusals.verdict,
    refusals.command
FROM unnest(
    (string_to_array($8, E'\n')) [2:],
    (string_to_array($9, E'\n')) [2:],
    (string_to_array($10, E'\n')) [2:]
) AS wanted (wallet, caller, key_hash)
INNER JOIN refusals
    ON
        refusals.shard = $1
        AND refusals.wallet = wanted.wallet
        AND refusals.caller = wanted.caller
        AND refusals.key_hash = decode(wanted.key_hash, 'hex')
UNION ALL
SELECT 'text', texts.wallet, texts.caller, NULL, texts.key_hash, NULL, encode(texts.salt, 'hex'), NULL
FROM unnest($11::text [], $12::text [], $13::bytea []) AS wanted (wallet, caller, key_hash)
INNER JOIN texts
    ON
        texts.shard = $1
        AND texts.wallet = wanted.wallet
        AND texts.caller = wanted.caller
        AND texts.key_hash = wanted.key_hash
