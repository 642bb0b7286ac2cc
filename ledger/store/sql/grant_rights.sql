-- What the service's role may do: append to history, never update or delete it.
GRANT USAGE ON SCHEMA public TO ledger_service;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ledger_service;
GRANT INSERT ON events, blocks, requests, refusals TO ledger_service;
GRANT INSERT, UPDATE ON wallets, documents, account_totals, wallet_snapshots, sandbox_behaviour
TO ledger_service;
GRANT UPDATE ON shards, development_clock TO ledger_service;
GRANT INSERT, DELETE ON texts TO ledger_service;
GRANT INSERT ON callers TO ledger_service;
GRANT INSERT, UPDATE ON api_keys TO ledger_service;
GRANT INSERT, UPDATE, DELETE ON job_leases, quarantined_wallets, switches, capped_grants
TO ledger_service;
