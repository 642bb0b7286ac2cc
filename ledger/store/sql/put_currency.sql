-- A currency's wire number and code.
INSERT INTO currencies (number, code) VALUES ($1, $2)
ON CONFLICT (number) DO UPDATE SET code = excluded.code
