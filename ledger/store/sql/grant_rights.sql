-- What the service's role may do: append to history, never update or delete it. The kind of a
-- caller and the scopes of a key are given once; of an act only its outcome comes later.
GRANT USAGE ON SCHEMA public TO ledger_service;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ledger_service;
GRANT INSERT ON events, blocks, requests, refusals TO ledger_service;
GRANT INSERT, UPDATE ON wallets, documents, account_totals, wallet_snapshots, sandbox_behaviour
TO ledger_service;
GRANT UPDATE ON shards, development_clock TO ledger_service;
GRANT INSERT, DELETE ON texts TO ledger_service;
GRANT INSERT ON callers, api_keys, acts, proposals TO ledger_service;
GRANT UPDATE (rate_per_s, burst) ON callers TO ledger_service;
REVOKE UPDATE ON api_keys FROM ledger_service;
GRANT UPDATE (digest, expires_at, revoked_at, replaced_by, last_used_at) ON api_keys
TO ledger_service;
GRANT UPDATE (outcome, outcome_at) ON acts TO ledger_service;
GRANT UPDATE (
    reason, evidence, status, decided_by, decided_at, decision_reason, decision_key_hash,
    outcome, executed_at
) ON proposals TO ledger_service;
GRANT INSERT, UPDATE, DELETE ON job_leases, quarantined_wallets, switches, capped_grants, directory,
directory_progress TO ledger_service;
