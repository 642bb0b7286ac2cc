-- The service's login acts as the service's role with its settings, also behind a pooler.
GRANT ledger_service TO {user};
ALTER ROLE {user} IN DATABASE {database} SET role = 'ledger_service';
ALTER ROLE {user} IN DATABASE {database} SET jit = off;
ALTER ROLE {user} IN DATABASE {database} SET lock_timeout = '5s';
ALTER ROLE {user} IN DATABASE {database} SET statement_timeout = '30s';
ALTER ROLE {user} IN DATABASE {database} SET idle_in_transaction_session_timeout = '10s';
