-- What every connection of the service runs with: its role, and no way to hold a shard for long.
SET ROLE ledger_service;
SET lock_timeout = '5s';
SET statement_timeout = '30s';
SET idle_in_transaction_session_timeout = '10s';
