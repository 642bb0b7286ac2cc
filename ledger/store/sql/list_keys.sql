-- All keys, newest first.
SELECT key_id, caller, scopes, created_at, expires_at, revoked_at FROM api_keys
ORDER BY created_at DESC, key_id DESC
