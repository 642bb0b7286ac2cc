-- The tables that `ledger bench` copies the engine's rows into, and the one it commits single rows to.
CREATE SCHEMA bench;
CREATE TABLE bench.events (LIKE public.events INCLUDING ALL);
CREATE TABLE bench.requests (LIKE public.requests INCLUDING ALL);
CREATE TABLE bench.wallets (LIKE public.wallets INCLUDING ALL);
CREATE TABLE bench.commits (number bigint NOT NULL)
