-- What every connection of the service runs with: its role, no way to hold a shard for long, and no
-- compiling: generic plans look so dear to Postgres that it would compile them at every call.
SET ROLE ledger_service;
SET jit = off;
SET lock_timeout = '5s';
SET statement_timeout = '30s';
SET idle_in_transaction_session_timeout = '10s';
