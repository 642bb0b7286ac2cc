-- Kinds and limits of callers, the life of a key, administrative acts, proposals, the directory.

-- Callers, keys and the ledger's one row are few: their tables are scanned and locked in no time.
-- squawk-ignore-file constraint-missing-not-valid,adding-field-with-default
-- squawk-ignore-file adding-foreign-key-constraint,disallowed-unique-constraint

-- A generated column that names the ledger's one row: where that says production, there is no
-- caller of the kind development, whatever a command or a bug tries. A key carries
-- its caller's kind, so that a CHECK holds its scopes to it.
ALTER TABLE ledger ADD CONSTRAINT ledger_development_key UNIQUE (development);

ALTER TABLE callers ADD COLUMN kind text NOT NULL DEFAULT 'service';
UPDATE callers SET kind = 'development'
FROM ledger
WHERE callers.name = 'dev' AND ledger.development;
ALTER TABLE callers ADD COLUMN in_development boolean
GENERATED ALWAYS AS (CASE WHEN kind = 'development' THEN true END) STORED
CONSTRAINT development_callers_need_a_development_ledger REFERENCES ledger (development);
ALTER TABLE callers ADD COLUMN rate_per_s bigint;
ALTER TABLE callers ADD COLUMN burst bigint;
ALTER TABLE callers ADD CONSTRAINT caller_kind_is_known
CHECK (kind IN ('service', 'person', 'development'));
ALTER TABLE callers ADD CONSTRAINT rate_limit_is_whole
CHECK (num_nulls(rate_per_s, burst) IN (0, 2) AND rate_per_s > 0 AND burst > 0);
ALTER TABLE callers ADD CONSTRAINT callers_name_kind_key UNIQUE (name, kind);
COMMENT ON TABLE callers IS 'Services and people: their kind for life, and how many commands they may send.';

ALTER TABLE api_keys ADD COLUMN caller_kind text NOT NULL DEFAULT 'service';
ALTER TABLE api_keys ADD COLUMN kind text NOT NULL DEFAULT 'token';
ALTER TABLE api_keys ADD COLUMN label text;
ALTER TABLE api_keys ADD COLUMN created_by text NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN replaced_by text;
ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz;
UPDATE api_keys SET caller_kind = callers.kind
FROM callers
WHERE api_keys.caller = callers.name;
-- Approving is for people. Nothing needed this scope before, so nobody misses it.
UPDATE api_keys SET scopes = array_remove(scopes, 'admin:approve')
WHERE caller_kind = 'service' AND 'admin:approve' = ANY (scopes);
ALTER TABLE api_keys ADD CONSTRAINT key_is_of_its_callers_kind
FOREIGN KEY (caller, caller_kind) REFERENCES callers (name, kind);
ALTER TABLE api_keys ADD CONSTRAINT successor_is_a_key
FOREIGN KEY (replaced_by) REFERENCES api_keys (key_id);
ALTER TABLE api_keys ADD CONSTRAINT scopes_fit_the_callers_kind CHECK (
    CASE caller_kind
        WHEN 'service' THEN NOT scopes @> '{admin:approve}'
        WHEN
            'person'
            THEN
                scopes
                <@ '{wallet:read,order:write,credit:write,finance:read,admin:write,admin:approve}'
        ELSE true
    END
);
ALTER TABLE api_keys ADD CONSTRAINT key_kind_is_known CHECK (
    CASE kind WHEN 'token' THEN true WHEN 'certificate' THEN label IS NOT NULL ELSE false END
);

CREATE TABLE acts (
    act_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    operation text NOT NULL,
    subject text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '{}',
    request_id text NOT NULL DEFAULT '',
    outcome smallint,
    outcome_at timestamptz,
    CONSTRAINT acts_pkey PRIMARY KEY (act_id),
    CONSTRAINT outcome_has_its_time CHECK (num_nulls(outcome, outcome_at) IN (0, 2))
);
CREATE INDEX acts_by_actor ON acts (actor, act_id);
CREATE INDEX acts_by_operation ON acts (operation, act_id);
CREATE INDEX acts_by_subject ON acts (subject, act_id);
COMMENT ON TABLE acts IS 'What administrators did, written before it is done; no outcome means nobody knows.';
COMMENT ON COLUMN acts.outcome IS 'The HTTP status of the answer, set once.';
ALTER TABLE acts ENABLE ROW LEVEL SECURITY;
CREATE POLICY acts_are_read_by_all ON acts FOR SELECT USING (true);
CREATE POLICY acts_begin_without_an_outcome ON acts FOR INSERT WITH CHECK (outcome IS NULL);
CREATE POLICY outcomes_are_set_once ON acts FOR UPDATE
USING (outcome IS NULL) WITH CHECK (outcome IS NOT NULL);

CREATE TABLE proposals (
    proposal_id text NOT NULL,
    kind text NOT NULL,
    wallet text NOT NULL,
    command text NOT NULL,
    digest bytea NOT NULL,
    reason text NOT NULL,
    evidence text,
    proposed_by text NOT NULL,
    key_hash bytea NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'open',
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    decision_key_hash bytea,
    outcome text,
    executed_at timestamptz,
    CONSTRAINT proposals_pkey PRIMARY KEY (proposal_id),
    CONSTRAINT proposals_key UNIQUE (proposed_by, wallet, key_hash),
    CONSTRAINT proposals_decision_key UNIQUE (decided_by, wallet, decision_key_hash),
    CONSTRAINT proposal_kind_is_known CHECK (
        kind IN ('adjustment', 'close_wallet', 'pay_out', 'erase_wallet')
    ),
    CONSTRAINT proposal_status_is_known CHECK (
        status IN ('open', 'approved', 'rejected', 'withdrawn', 'done', 'refused')
    ),
    CONSTRAINT proposal_is_open_until_decided CHECK ((decided_by IS NULL) = (status = 'open')),
    CONSTRAINT decision_has_its_time CHECK (num_nulls(decided_by, decided_at) IN (0, 2)),
    CONSTRAINT proposal_is_decided_in_time CHECK (decided_at < expires_at),
    CONSTRAINT proposal_is_decided_by_another CHECK (
        (decided_by = proposed_by) = (status = 'withdrawn')
    )
);
CREATE INDEX proposals_by_status ON proposals (status, expires_at);
CREATE INDEX proposals_by_wallet ON proposals (wallet);
COMMENT ON TABLE proposals IS 'Dangerous actions that one person proposes and another decides on.';

CREATE TABLE directory (
    shard smallint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    wallet text NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT directory_pkey PRIMARY KEY (name, kind, shard, wallet)
);
COMMENT ON TABLE directory IS 'Which wallet a name belongs to; derived from the log by a job, never the truth.';

CREATE TABLE directory_progress (
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT directory_progress_pkey PRIMARY KEY (shard)
);
COMMENT ON TABLE directory_progress IS 'Up to which seq of each shard the directory is filled.';
