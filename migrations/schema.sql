CREATE FUNCTION public.entry_is_balanced(currencies smallint[], amounts bigint[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
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

CREATE TABLE public.account_codes (
    account smallint NOT NULL,
    effective_from date NOT NULL,
    code text NOT NULL,
    name text NOT NULL
);

COMMENT ON TABLE public.account_codes IS 'General-ledger codes and names of accounts, each from its day on.';

CREATE TABLE public.account_totals (
    shard smallint NOT NULL,
    day date NOT NULL,
    account smallint NOT NULL,
    currency smallint NOT NULL,
    debit numeric NOT NULL,
    credit numeric NOT NULL,
    CONSTRAINT totals_are_sums CHECK (((debit >= (0)::numeric) AND (credit >= (0)::numeric)))
);

COMMENT ON TABLE public.account_totals IS 'Debit and credit sums by accounting day, account and currency.';

CREATE TABLE public.accounts (
    number smallint NOT NULL,
    path text NOT NULL
);

CREATE TABLE public.acts (
    act_id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    operation text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    detail text DEFAULT '{}'::text NOT NULL,
    request_id text DEFAULT ''::text NOT NULL,
    outcome smallint,
    outcome_at timestamp with time zone,
    CONSTRAINT outcome_has_its_time CHECK ((num_nulls(outcome, outcome_at) = ANY (ARRAY[0, 2])))
);

COMMENT ON TABLE public.acts IS 'What administrators did, written before it is done; no outcome means nobody knows.';

COMMENT ON COLUMN public.acts.outcome IS 'The HTTP status of the answer, set once.';

ALTER TABLE public.acts ALTER COLUMN act_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.acts_act_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.api_keys (
    key_id text NOT NULL,
    caller text NOT NULL,
    digest bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    caller_kind text DEFAULT 'service'::text NOT NULL,
    kind text DEFAULT 'token'::text NOT NULL,
    label text,
    created_by text DEFAULT ''::text NOT NULL,
    replaced_by text,
    last_used_at timestamp with time zone,
    CONSTRAINT key_kind_is_known CHECK (
CASE kind
    WHEN 'token'::text THEN true
    WHEN 'certificate'::text THEN (label IS NOT NULL)
    ELSE false
END),
    CONSTRAINT scopes_fit_the_callers_kind CHECK (
CASE caller_kind
    WHEN 'service'::text THEN (NOT (scopes @> '{admin:approve}'::text[]))
    WHEN 'person'::text THEN (scopes <@ '{wallet:read,order:write,credit:write,finance:read,admin:write,admin:approve}'::text[])
    ELSE true
END)
);

COMMENT ON TABLE public.api_keys IS 'API keys by HMAC-SHA256; the key itself is shown once and kept nowhere.';

CREATE TABLE public.blocks (
    shard smallint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    root bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT block_is_not_empty CHECK ((last_seq >= first_seq))
);

COMMENT ON TABLE public.blocks IS 'One row a committed batch, with the Merkle root over its events.';

CREATE TABLE public.callers (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    kind text DEFAULT 'service'::text NOT NULL,
    in_development boolean GENERATED ALWAYS AS (
CASE
    WHEN (kind = 'development'::text) THEN true
    ELSE NULL::boolean
END) STORED,
    rate_per_s bigint,
    burst bigint,
    CONSTRAINT caller_kind_is_known CHECK ((kind = ANY (ARRAY['service'::text, 'person'::text, 'development'::text]))),
    CONSTRAINT rate_limit_is_whole CHECK (((num_nulls(rate_per_s, burst) = ANY (ARRAY[0, 2])) AND (rate_per_s > 0) AND (burst > 0)))
);

COMMENT ON TABLE public.callers IS 'Services and people: their kind for life, and how many commands they may send.';

CREATE TABLE public.capped_grants (
    caller text NOT NULL,
    day date NOT NULL,
    wallet text NOT NULL,
    key_hash bytea NOT NULL,
    currency smallint NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT capped_grant_is_positive CHECK ((amount > 0))
);

COMMENT ON TABLE public.capped_grants IS 'Grants counted against their caller''s daily cap, a row a request.';

CREATE TABLE public.currencies (
    number smallint NOT NULL,
    code text NOT NULL
);

CREATE TABLE public.development_clock (
    singleton boolean DEFAULT true NOT NULL,
    offset_us bigint DEFAULT 0 NOT NULL,
    CONSTRAINT clock_never_goes_back CHECK ((offset_us >= 0)),
    CONSTRAINT development_clock_is_one CHECK (singleton)
);

COMMENT ON TABLE public.development_clock IS 'How far a development ledger''s clock was moved forward; no row in production.';

CREATE TABLE public.directory (
    shard smallint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    wallet text NOT NULL,
    seq bigint NOT NULL
);

COMMENT ON TABLE public.directory IS 'Which wallet a name belongs to; derived from the log by a job, never the truth.';

CREATE TABLE public.directory_progress (
    shard smallint NOT NULL,
    seq bigint NOT NULL
);

COMMENT ON TABLE public.directory_progress IS 'Up to which seq of each shard the directory is filled.';

CREATE TABLE public.documents (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    seq bigint NOT NULL,
    state text NOT NULL
);

COMMENT ON TABLE public.documents IS 'Closed holds, refunded charges and orders, as a later command or a read names them.';

CREATE TABLE public.events (
    shard smallint NOT NULL,
    seq bigint NOT NULL,
    wallet text NOT NULL,
    tag text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    day date NOT NULL,
    caller text NOT NULL,
    key_hash bytea NOT NULL,
    command text NOT NULL,
    payload text NOT NULL,
    accounts smallint[] NOT NULL,
    currencies smallint[] NOT NULL,
    amounts bigint[] NOT NULL,
    CONSTRAINT entry_has_whole_legs CHECK (((cardinality(accounts) = cardinality(currencies)) AND (cardinality(accounts) = cardinality(amounts)) AND (array_position(accounts, NULL::smallint) IS NULL) AND (array_position(currencies, NULL::smallint) IS NULL) AND (array_position(amounts, NULL::bigint) IS NULL))),
    CONSTRAINT entry_sums_to_zero CHECK (public.entry_is_balanced(currencies, amounts))
);

COMMENT ON TABLE public.events IS 'The log: append only, gapless a shard, in commit order; legs are debit positive.';

CREATE TABLE public.job_leases (
    job text NOT NULL,
    owner text NOT NULL,
    until timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.job_leases IS 'Which process does a job at present; work is right with any number of them.';

CREATE TABLE public.ledger (
    singleton boolean DEFAULT true NOT NULL,
    shards smallint NOT NULL,
    development boolean NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT ledger_is_one CHECK (singleton),
    CONSTRAINT shards_in_range CHECK (((shards >= 1) AND (shards <= 256)))
);

COMMENT ON TABLE public.ledger IS 'What was chosen at init, for life: one row.';

CREATE VIEW public.postings AS
 SELECT events.shard,
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
   FROM ((((public.events
     CROSS JOIN LATERAL UNNEST(events.accounts, events.currencies, events.amounts) WITH ORDINALITY leg(account, currency, amount, ordinality))
     JOIN public.accounts ON ((leg.account = accounts.number)))
     JOIN public.currencies ON ((leg.currency = currencies.number)))
     LEFT JOIN LATERAL ( SELECT account_codes.code
           FROM public.account_codes
          WHERE ((account_codes.account = leg.account) AND (account_codes.effective_from <= events.day))
          ORDER BY account_codes.effective_from DESC
         LIMIT 1) codes ON (true));

COMMENT ON VIEW public.postings IS 'One row a leg, with the account''s path and general-ledger code.';

CREATE TABLE public.proposals (
    proposal_id text NOT NULL,
    kind text NOT NULL,
    wallet text NOT NULL,
    command text NOT NULL,
    digest bytea NOT NULL,
    reason text NOT NULL,
    evidence text,
    proposed_by text NOT NULL,
    key_hash bytea NOT NULL,
    proposed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    decided_by text,
    decided_at timestamp with time zone,
    decision_reason text,
    decision_key_hash bytea,
    outcome text,
    executed_at timestamp with time zone,
    CONSTRAINT decision_has_its_time CHECK ((num_nulls(decided_by, decided_at) = ANY (ARRAY[0, 2]))),
    CONSTRAINT proposal_is_decided_by_another CHECK (((decided_by = proposed_by) = (status = 'withdrawn'::text))),
    CONSTRAINT proposal_is_decided_in_time CHECK ((decided_at < expires_at)),
    CONSTRAINT proposal_is_open_until_decided CHECK (((decided_by IS NULL) = (status = 'open'::text))),
    CONSTRAINT proposal_kind_is_known CHECK ((kind = ANY (ARRAY['adjustment'::text, 'close_wallet'::text, 'pay_out'::text, 'erase_wallet'::text]))),
    CONSTRAINT proposal_status_is_known CHECK ((status = ANY (ARRAY['open'::text, 'approved'::text, 'rejected'::text, 'withdrawn'::text, 'done'::text, 'refused'::text])))
);

COMMENT ON TABLE public.proposals IS 'Dangerous actions that one person proposes and another decides on.';

CREATE TABLE public.quarantined_wallets (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    retry_at timestamp with time zone NOT NULL,
    attempts bigint DEFAULT 1 NOT NULL,
    error text NOT NULL
);

COMMENT ON TABLE public.quarantined_wallets IS 'Wallets whose dues raise: left alone by the sweeper until retry_at.';

CREATE TABLE public.refusals (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    caller text NOT NULL,
    key_hash bytea NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    command text NOT NULL,
    verdict text NOT NULL
)
PARTITION BY RANGE (recorded_at);

COMMENT ON TABLE public.refusals IS 'Idempotency keys whose answer had no event, by month; kept at least 90 days.';

CREATE TABLE public.refusals_default (
    shard smallint CONSTRAINT refusals_shard_not_null NOT NULL,
    wallet text CONSTRAINT refusals_wallet_not_null NOT NULL,
    caller text CONSTRAINT refusals_caller_not_null NOT NULL,
    key_hash bytea CONSTRAINT refusals_key_hash_not_null NOT NULL,
    recorded_at timestamp with time zone CONSTRAINT refusals_recorded_at_not_null NOT NULL,
    command text CONSTRAINT refusals_command_not_null NOT NULL,
    verdict text CONSTRAINT refusals_verdict_not_null NOT NULL
);

CREATE TABLE public.requests (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    caller text NOT NULL,
    key_hash bytea NOT NULL,
    seq bigint NOT NULL
);

COMMENT ON TABLE public.requests IS 'Idempotency keys that brought an event about, for ever; the event holds the command.';

CREATE TABLE public.sandbox_behaviour (
    singleton boolean DEFAULT true NOT NULL,
    refunds text DEFAULT 'succeed'::text NOT NULL,
    CONSTRAINT sandbox_behaviour_is_one CHECK (singleton),
    CONSTRAINT sandbox_refunds_are_known CHECK ((refunds = ANY (ARRAY['succeed'::text, 'fail'::text, 'silent'::text])))
);

COMMENT ON TABLE public.sandbox_behaviour IS 'How a development ledger''s sandbox channel answers; no row means the default.';

CREATE TABLE public.secrets (
    name text NOT NULL,
    secret bytea NOT NULL
);

COMMENT ON TABLE public.secrets IS 'Random secrets made at init: the pepper of API keys, the sandbox channel''s signing key.';

CREATE TABLE public.shards (
    shard smallint NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    tree_size bigint DEFAULT 0 NOT NULL,
    frontier bytea DEFAULT '\x'::bytea NOT NULL,
    recorded_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    closed_through date DEFAULT '1970-01-01'::date NOT NULL
)
WITH (fillfactor='10');

COMMENT ON TABLE public.shards IS 'The head of each shard; its row is the shard''s lock.';

CREATE TABLE public.switches (
    kind text NOT NULL,
    name text NOT NULL,
    stopped_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    stopped_by text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT switch_kind_is_known CHECK ((kind = ANY (ARRAY['channel'::text, 'sku'::text, 'caller'::text])))
);

COMMENT ON TABLE public.switches IS 'Channels, SKUs and callers that an operator has stopped.';

CREATE TABLE public.texts (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    caller text NOT NULL,
    key_hash bytea NOT NULL,
    salt bytea NOT NULL,
    body text NOT NULL
);

COMMENT ON TABLE public.texts IS 'Free text that came with requests, erasable; the log holds its salted digest.';

CREATE TABLE public.wallet_snapshots (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    seq bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    state text NOT NULL
);

COMMENT ON TABLE public.wallet_snapshots IS 'A wallet now and then, so that its past is found at a bounded cost; never the truth.';

CREATE TABLE public.wallets (
    shard smallint NOT NULL,
    wallet text NOT NULL,
    seq bigint NOT NULL,
    state text NOT NULL,
    currencies smallint[] NOT NULL,
    available bigint[] NOT NULL,
    held bigint[] NOT NULL,
    due_at timestamp with time zone,
    events bigint DEFAULT 0 NOT NULL,
    unsent_since timestamp with time zone,
    CONSTRAINT available_is_never_negative CHECK ((0 <= ALL (available))),
    CONSTRAINT held_is_never_negative CHECK ((0 <= ALL (held)))
)
WITH (fillfactor='70');

COMMENT ON TABLE public.wallets IS 'The fold of each wallet''s events: a snapshot, never the truth.';

COMMENT ON COLUMN public.wallets.events IS 'How many events of this wallet the log has.';

COMMENT ON COLUMN public.wallets.unsent_since IS 'Since when an open transfer or refund waits to be sent on.';

ALTER TABLE ONLY public.refusals ATTACH PARTITION public.refusals_default DEFAULT;

ALTER TABLE ONLY public.account_codes
    ADD CONSTRAINT account_codes_pkey PRIMARY KEY (account, effective_from);

ALTER TABLE ONLY public.account_totals
    ADD CONSTRAINT account_totals_pkey PRIMARY KEY (shard, day, account, currency);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_path_key UNIQUE (path);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.acts
    ADD CONSTRAINT acts_pkey PRIMARY KEY (act_id);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (shard, first_seq);

ALTER TABLE ONLY public.callers
    ADD CONSTRAINT callers_name_kind_key UNIQUE (name, kind);

ALTER TABLE ONLY public.callers
    ADD CONSTRAINT callers_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.capped_grants
    ADD CONSTRAINT capped_grants_pkey PRIMARY KEY (caller, day, wallet, key_hash);

ALTER TABLE ONLY public.currencies
    ADD CONSTRAINT currencies_code_key UNIQUE (code);

ALTER TABLE ONLY public.currencies
    ADD CONSTRAINT currencies_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.development_clock
    ADD CONSTRAINT development_clock_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY public.directory
    ADD CONSTRAINT directory_pkey PRIMARY KEY (name, kind, shard, wallet);

ALTER TABLE ONLY public.directory_progress
    ADD CONSTRAINT directory_progress_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (shard, wallet, kind, id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (shard, seq);

ALTER TABLE ONLY public.job_leases
    ADD CONSTRAINT job_leases_pkey PRIMARY KEY (job);

ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_development_key UNIQUE (development);

ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_decision_key UNIQUE (decided_by, wallet, decision_key_hash);

ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_key UNIQUE (proposed_by, wallet, key_hash);

ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_pkey PRIMARY KEY (proposal_id);

ALTER TABLE ONLY public.quarantined_wallets
    ADD CONSTRAINT quarantined_wallets_pkey PRIMARY KEY (shard, wallet);

ALTER TABLE ONLY public.refusals
    ADD CONSTRAINT refusals_pkey PRIMARY KEY (shard, wallet, caller, key_hash, recorded_at);

ALTER TABLE ONLY public.refusals_default
    ADD CONSTRAINT refusals_default_pkey PRIMARY KEY (shard, wallet, caller, key_hash, recorded_at);

ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (shard, wallet, caller, key_hash);

ALTER TABLE ONLY public.sandbox_behaviour
    ADD CONSTRAINT sandbox_behaviour_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.shards
    ADD CONSTRAINT shards_pkey PRIMARY KEY (shard);

ALTER TABLE ONLY public.switches
    ADD CONSTRAINT switches_pkey PRIMARY KEY (kind, name);

ALTER TABLE ONLY public.texts
    ADD CONSTRAINT texts_pkey PRIMARY KEY (shard, wallet, caller, key_hash);

ALTER TABLE ONLY public.wallet_snapshots
    ADD CONSTRAINT wallet_snapshots_pkey PRIMARY KEY (shard, wallet, seq);

ALTER TABLE ONLY public.wallets
    ADD CONSTRAINT wallets_pkey PRIMARY KEY (shard, wallet);

CREATE INDEX acts_by_actor ON public.acts USING btree (actor, act_id);

CREATE INDEX acts_by_operation ON public.acts USING btree (operation, act_id);

CREATE INDEX acts_by_subject ON public.acts USING btree (subject, act_id);

CREATE INDEX documents_order ON public.documents USING btree (shard, id) WHERE (kind = 'order'::text);

CREATE INDEX documents_refund ON public.documents USING btree (shard, id) WHERE (kind = 'refund'::text);

CREATE INDEX events_by_wallet ON public.events USING btree (shard, wallet, seq);

CREATE INDEX proposals_by_status ON public.proposals USING btree (status, expires_at);

CREATE INDEX proposals_by_wallet ON public.proposals USING btree (wallet);

CREATE INDEX wallet_snapshots_by_time ON public.wallet_snapshots USING btree (shard, wallet, recorded_at, seq);

CREATE INDEX wallets_due ON public.wallets USING btree (shard, due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX wallets_unsent ON public.wallets USING btree (shard, unsent_since) WHERE (unsent_since IS NOT NULL);

ALTER INDEX public.refusals_pkey ATTACH PARTITION public.refusals_default_pkey;

ALTER TABLE ONLY public.account_codes
    ADD CONSTRAINT account_codes_account_fkey FOREIGN KEY (account) REFERENCES public.accounts(number);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_caller_fkey FOREIGN KEY (caller) REFERENCES public.callers(name);

ALTER TABLE ONLY public.callers
    ADD CONSTRAINT development_callers_need_a_development_ledger FOREIGN KEY (in_development) REFERENCES public.ledger(development);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT key_is_of_its_callers_kind FOREIGN KEY (caller, caller_kind) REFERENCES public.callers(name, kind);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT successor_is_a_key FOREIGN KEY (replaced_by) REFERENCES public.api_keys(key_id);

ALTER TABLE public.acts ENABLE ROW LEVEL SECURITY;

CREATE POLICY acts_are_read_by_all ON public.acts FOR SELECT USING (true);

CREATE POLICY acts_begin_without_an_outcome ON public.acts FOR INSERT WITH CHECK ((outcome IS NULL));

CREATE POLICY outcomes_are_set_once ON public.acts FOR UPDATE USING ((outcome IS NULL)) WITH CHECK ((outcome IS NOT NULL));

GRANT USAGE ON SCHEMA public TO ledger_service;

GRANT SELECT ON TABLE public.account_codes TO ledger_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.account_totals TO ledger_service;

GRANT SELECT ON TABLE public.accounts TO ledger_service;

GRANT SELECT,INSERT ON TABLE public.acts TO ledger_service;

GRANT UPDATE(outcome) ON TABLE public.acts TO ledger_service;

GRANT UPDATE(outcome_at) ON TABLE public.acts TO ledger_service;

GRANT SELECT ON TABLE public.alembic_version TO ledger_service;

GRANT SELECT,INSERT ON TABLE public.api_keys TO ledger_service;

GRANT UPDATE(digest) ON TABLE public.api_keys TO ledger_service;

GRANT UPDATE(expires_at) ON TABLE public.api_keys TO ledger_service;

GRANT UPDATE(revoked_at) ON TABLE public.api_keys TO ledger_service;

GRANT UPDATE(replaced_by) ON TABLE public.api_keys TO ledger_service;

GRANT UPDATE(last_used_at) ON TABLE public.api_keys TO ledger_service;

GRANT SELECT,INSERT ON TABLE public.blocks TO ledger_service;

GRANT SELECT,INSERT ON TABLE public.callers TO ledger_service;

GRANT UPDATE(rate_per_s) ON TABLE public.callers TO ledger_service;

GRANT UPDATE(burst) ON TABLE public.callers TO ledger_service;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.capped_grants TO ledger_service;

GRANT SELECT ON TABLE public.currencies TO ledger_service;

GRANT SELECT,UPDATE ON TABLE public.development_clock TO ledger_service;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.directory TO ledger_service;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.directory_progress TO ledger_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.documents TO ledger_service;

GRANT SELECT,INSERT ON TABLE public.events TO ledger_service;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.job_leases TO ledger_service;

GRANT SELECT ON TABLE public.ledger TO ledger_service;

GRANT SELECT ON TABLE public.postings TO ledger_service;

GRANT SELECT,INSERT ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(reason) ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(evidence) ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(status) ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(decided_by) ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(decided_at) ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(decision_reason) ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(decision_key_hash) ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(outcome) ON TABLE public.proposals TO ledger_service;

GRANT UPDATE(executed_at) ON TABLE public.proposals TO ledger_service;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.quarantined_wallets TO ledger_service;

GRANT SELECT,INSERT ON TABLE public.refusals TO ledger_service;

GRANT SELECT ON TABLE public.refusals_default TO ledger_service;

GRANT SELECT,INSERT ON TABLE public.requests TO ledger_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.sandbox_behaviour TO ledger_service;

GRANT SELECT ON TABLE public.secrets TO ledger_service;

GRANT SELECT,UPDATE ON TABLE public.shards TO ledger_service;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.switches TO ledger_service;

GRANT SELECT,INSERT,DELETE ON TABLE public.texts TO ledger_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.wallet_snapshots TO ledger_service;

GRANT SELECT,INSERT,UPDATE ON TABLE public.wallets TO ledger_service;
