-- The ledger's tables: shards and their log, what is folded from it, keys and callers.

CREATE TABLE ledger (
    singleton boolean PRIMARY KEY DEFAULT true,
    shards smallint NOT NULL,
    development boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_is_one CHECK (singleton),
    CONSTRAINT shards_in_range CHECK (shards BETWEEN 1 AND 256)
);
COMMENT ON TABLE ledger IS 'What was chosen at init, for life: one row.';

CREATE TABLE development_clock (
    singleton boolean PRIMARY KEY DEFAULT true,
    offset_us bigint NOT NULL DEFAULT 0,
    CONSTRAINT development_clock_is_one CHECK (singleton),
    CONSTRAINT clock_never_goes_back CHECK (offset_us >= 0)
);
COMMENT ON TABLE development_clock IS 'How far a development ledger''s clock was moved forward; no row in production.';

CREATE TABLE currencies (
    number smallint PRIMARY KEY,
    code text NOT NULL UNIQUE
);

CREATE TABLE accounts (
    number smallint PRIMARY KEY,
    path text NOT NULL UNIQUE
);

CREATE TABLE account_codes (
    account smallint NOT NULL REFERENCES accounts (number),
    effective_from date NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (account, effective_from)
);
COMMENT ON TABLE account_codes IS 'General-ledger codes and names of accounts, each from its day on.';

CREATE TABLE shards (
    shard smallint PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0,
    tree_size bigint NOT NULL DEFAULT 0,
    frontier bytea NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL DEFAULT 'epoch',
    closed_through date NOT NULL DEFAULT '1970-01-01'
) WITH (fillfactor = 10);
COMMENT ON TABLE shards IS 'The head of each shard; its row is the shard''s lock.';

CREATE FUNCTION entry_is_balanced(currencies smallint [], amounts bigint [])
RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
-- Almost every entry has one or two currencies: summing those in a loop costs a fifth of a GROUP BY.
DECLARE
    first_currency CONSTANT smallint := currencies[1];
    second_currency smallint;
    first_sum bigint := 0;
    second_sum bigint := 0;
    leg integer := 0;
    amount bigint;
BEGIN
    FOREACH amount IN ARRAY amounts LOOP
        leg := leg + 1;
        IF currencies[leg] = first_currency THEN
            first_sum := first_sum + amount;
        ELSIF second_currency IS NULL OR currencies[leg] = second_currency THEN
            second_currency := currencies[leg];
            second_sum := second_sum + amount;
        ELSE
            RETURN NOT EXISTS (
                SELECT 1
                FROM unnest(currencies, amounts) AS legs (currency, amount)
                GROUP BY legs.currency
                HAVING sum(legs.amount) <> 0
            );
        END IF;
    END LOOP;
    RETURN coalesce(first_sum = 0 AND second_sum = 0, false);
END
$$;

CREATE TABLE events (
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    wallet text NOT NULL,
    tag text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    day date NOT NULL,
    caller text NOT NULL,
    key_hash bytea NOT NULL,
    command text NOT NULL,
    payload text NOT NULL,
    accounts smallint [] NOT NULL,
    currencies smallint [] NOT NULL,
    amounts bigint [] NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (shard, seq),
    CONSTRAINT entry_has_whole_legs CHECK (
        cardinality(accounts) = cardinality(currencies)
        AND cardinality(accounts) = cardinality(amounts)
        AND array_position(accounts, NULL) IS NULL
        AND array_position(currencies, NULL) IS NULL
        AND array_position(amounts, NULL) IS NULL
    ),
    CONSTRAINT entry_sums_to_zero CHECK (entry_is_balanced(currencies, amounts))
);
CREATE INDEX events_by_wallet ON events (shard, wallet, seq);
COMMENT ON TABLE events IS 'The log: append only, gapless a shard, in commit order; legs are debit positive.';

CREATE TABLE blocks (
    shard smallint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    root bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT blocks_pkey PRIMARY KEY (shard, first_seq),
    CONSTRAINT block_is_not_empty CHECK (last_seq >= first_seq)
);
COMMENT ON TABLE blocks IS 'One row a committed batch, with the Merkle root over its events.';

CREATE TABLE requests (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    caller text NOT NULL,
    key_hash bytea NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT requests_pkey PRIMARY KEY (shard, wallet, caller, key_hash)
);
COMMENT ON TABLE requests IS 'Idempotency keys that brought an event about, for ever; the event holds the command.';

CREATE TABLE refusals (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    caller text NOT NULL,
    key_hash bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    command text NOT NULL,
    verdict text NOT NULL,
    CONSTRAINT refusals_pkey PRIMARY KEY (shard, wallet, caller, key_hash, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE TABLE refusals_default PARTITION OF refusals DEFAULT;
COMMENT ON TABLE refusals IS 'Idempotency keys whose answer had no event, by month; kept at least 90 days.';

CREATE TABLE texts (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    caller text NOT NULL,
    key_hash bytea NOT NULL,
    salt bytea NOT NULL,
    body text NOT NULL,
    CONSTRAINT texts_pkey PRIMARY KEY (shard, wallet, caller, key_hash)
);
COMMENT ON TABLE texts IS 'Free text that came with requests, erasable; the log holds its salted digest.';

CREATE TABLE wallets (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    seq bigint NOT NULL,
    state text NOT NULL,
    currencies smallint [] NOT NULL,
    available bigint [] NOT NULL,
    held bigint [] NOT NULL,
    due_at timestamptz,
    CONSTRAINT wallets_pkey PRIMARY KEY (shard, wallet),
    CONSTRAINT available_is_never_negative CHECK (0 <= ALL (available)),
    CONSTRAINT held_is_never_negative CHECK (0 <= ALL (held))
) WITH (fillfactor = 70);
COMMENT ON TABLE wallets IS 'The fold of each wallet''s events: a snapshot, never the truth.';

CREATE TABLE documents (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    seq bigint NOT NULL,
    state text NOT NULL,
    CONSTRAINT documents_pkey PRIMARY KEY (shard, wallet, kind, id)
);
CREATE INDEX documents_order ON documents (shard, id) WHERE kind = 'order';
COMMENT ON TABLE documents IS 'Closed holds, refunded charges and orders, as a later command or a read names them.';

CREATE TABLE account_totals (
    shard smallint NOT NULL,
    day date NOT NULL,
    account smallint NOT NULL,
    currency smallint NOT NULL,
    debit numeric NOT NULL,
    credit numeric NOT NULL,
    CONSTRAINT account_totals_pkey PRIMARY KEY (shard, day, account, currency),
    CONSTRAINT totals_are_sums CHECK (debit >= 0 AND credit >= 0)
);
COMMENT ON TABLE account_totals IS 'Debit and credit sums by accounting day, account and currency.';

CREATE VIEW postings AS
SELECT
    events.shard,
    events.seq,
    leg.ordinality AS leg,
    events.wallet,
    events.tag,
    events.occurred_at,
    events.recorded_at,
    events.day,
    accounts.path AS account,
    codes.code,
    currencies.code AS currency,
    leg.amount
FROM events
CROSS JOIN LATERAL unnest(events.accounts, events.currencies, events.amounts)
WITH ORDINALITY AS leg (account, currency, amount, ordinality)
INNER JOIN accounts ON leg.account = accounts.number
INNER JOIN currencies ON leg.currency = currencies.number
LEFT JOIN LATERAL (
    SELECT account_codes.code
    FROM account_codes
    WHERE account_codes.account = leg.account AND account_codes.effective_from <= events.day
    ORDER BY account_codes.effective_from DESC
    LIMIT 1
) AS codes ON true;
COMMENT ON VIEW postings IS 'One row a leg, with the account''s path and general-ledger code.';

CREATE TABLE callers (
    name text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE api_keys (
    key_id text PRIMARY KEY,
    caller text NOT NULL REFERENCES callers (name),
    digest bytea NOT NULL UNIQUE,
    scopes text [] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE api_keys IS 'API keys by HMAC-SHA256; the key itself is shown once and kept nowhere.';

CREATE TABLE secrets (
    name text PRIMARY KEY,
    secret bytea NOT NULL
);
COMMENT ON TABLE secrets IS 'Random secrets made at init: the pepper of API keys, the sandbox channel''s signing key.';
