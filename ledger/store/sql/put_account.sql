-- An account's wire number and path.
INSERT INTO accounts (number, path) VALUES ($1, $2)
ON CONFLICT (number) DO UPDATE SET path = excluded.path
