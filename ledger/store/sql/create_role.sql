-- The role that the service acts as. It cannot log in by itself.
CREATE ROLE ledger_service NOLOGIN
