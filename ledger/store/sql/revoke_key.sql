-- Revoke a key; answers its caller, or no row if there is no such key in force.
UPDATE api_keys SET revoked_at = clock_timestamp() WHERE key_id = $1 AND revoked_at IS NULL
RETURNING caller
