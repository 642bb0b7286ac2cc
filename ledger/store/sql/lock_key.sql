-- Keep others from changing a key meanwhile.
SELECT key_id FROM api_keys WHERE key_id = $1 FOR NO KEY UPDATE
