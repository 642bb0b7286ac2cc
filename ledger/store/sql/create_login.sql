-- The service's login, where the owner may make it (as in the embedded Postgres).
CREATE ROLE {user} LOGIN NOINHERIT
