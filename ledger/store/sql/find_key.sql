-- A key that is in force, by digest. Expiry is real time: the development clock does not age keys.
SELECT caller, scopes
FROM api_keys
WHERE digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
