-- An account's general-ledger code and name from a day on; one that finance set stays.
INSERT INTO account_codes (account, effective_from, code, name) VALUES ($1, $2, $3, $4)
ON CONFLICT (account, effective_from) DO NOTHING
