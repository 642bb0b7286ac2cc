-- An API key by its digest; the same key given again keeps its first row.
INSERT INTO api_keys (key_id, caller, digest, scopes, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (digest) DO NOTHING
