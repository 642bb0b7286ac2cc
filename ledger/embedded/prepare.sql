-- Run by psql as the superuser after every start: what the service needs before its first query.

-- The database of the service.
SELECT 'CREATE DATABASE ledger'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'ledger') \gexec

-- The password over TCP, if there is a port; from the environment, as arguments are public.
\getenv password LEDGER_POSTGRES_PASSWORD
\if :{?password}
  -- A failing statement is logged, and this one must not be.
  SET log_min_error_statement = panic;
  ALTER ROLE postgres PASSWORD :'password';
\endif
