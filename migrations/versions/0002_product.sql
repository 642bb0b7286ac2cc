-- Snapshots of long wallets, what the sweeper looks for, its leases, quarantine, switches, grant caps.

ALTER TABLE wallets ADD COLUMN events bigint NOT NULL DEFAULT 0;
ALTER TABLE wallets ADD COLUMN unsent_since timestamptz;
COMMENT ON COLUMN wallets.events IS 'How many events of this wallet the log has.';
COMMENT ON COLUMN wallets.unsent_since IS 'Since when an open transfer or refund waits to be sent on.';

-- A ledger is young when it takes this migration: the table is locked for a moment only.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX wallets_due ON wallets (shard, due_at) WHERE due_at IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX wallets_unsent ON wallets (shard, unsent_since) WHERE unsent_since IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX documents_refund ON documents (shard, id) WHERE kind = 'refund';

CREATE TABLE wallet_snapshots (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    seq bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    state text NOT NULL,
    CONSTRAINT wallet_snapshots_pkey PRIMARY KEY (shard, wallet, seq)
);
CREATE INDEX wallet_snapshots_by_time ON wallet_snapshots (shard, wallet, recorded_at, seq);
COMMENT ON TABLE wallet_snapshots IS 'A wallet now and then, so that its past is found at a bounded cost; never the truth.';

-- What is older than this migration is counted once, and long wallets begin with a snapshot of today.
UPDATE wallets SET events = counted.events
FROM (SELECT shard, wallet, count(*) AS events FROM events GROUP BY shard, wallet) AS counted
WHERE wallets.shard = counted.shard AND wallets.wallet = counted.wallet;

INSERT INTO wallet_snapshots
SELECT wallets.shard, wallets.wallet, wallets.seq, events.recorded_at, wallets.state
FROM wallets
INNER JOIN events ON wallets.shard = events.shard AND wallets.seq = events.seq
WHERE wallets.events >= 500;

CREATE TABLE job_leases (
    job text PRIMARY KEY,
    owner text NOT NULL,
    until timestamptz NOT NULL
);
COMMENT ON TABLE job_leases IS 'Which process does a job at present; work is right with any number of them.';

CREATE TABLE quarantined_wallets (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    retry_at timestamptz NOT NULL,
    attempts bigint NOT NULL DEFAULT 1,
    error text NOT NULL,
    CONSTRAINT quarantined_wallets_pkey PRIMARY KEY (shard, wallet)
);
COMMENT ON TABLE quarantined_wallets IS 'Wallets whose dues raise: left alone by the sweeper until retry_at.';

CREATE TABLE switches (
    kind text NOT NULL,
    name text NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    stopped_by text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT switches_pkey PRIMARY KEY (kind, name),
    CONSTRAINT switch_kind_is_known CHECK (kind IN ('channel', 'sku', 'caller'))
);
COMMENT ON TABLE switches IS 'Channels, SKUs and callers that an operator has stopped.';

CREATE TABLE capped_grants (
    caller text NOT NULL,
    day date NOT NULL,
    wallet text NOT NULL,
    key_hash bytea NOT NULL,
    currency smallint NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT capped_grants_pkey PRIMARY KEY (caller, day, wallet, key_hash),
    CONSTRAINT capped_grant_is_positive CHECK (amount > 0)
);
COMMENT ON TABLE capped_grants IS 'Grants counted against their caller''s daily cap, a row a request.';

CREATE TABLE sandbox_behaviour (
    singleton boolean PRIMARY KEY DEFAULT true,
    refunds text NOT NULL DEFAULT 'succeed',
    CONSTRAINT sandbox_behaviour_is_one CHECK (singleton),
    CONSTRAINT sandbox_refunds_are_known CHECK (refunds IN ('succeed', 'fail', 'silent'))
);
COMMENT ON TABLE sandbox_behaviour IS 'How a development ledger''s sandbox channel answers; no row means the default.';
