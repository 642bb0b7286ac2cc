-- The service's login may act as the service's role, and does, also behind a pooler.
GRANT ledger_service TO {user};
