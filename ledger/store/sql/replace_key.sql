-- Name a key's successor, and let the key end with the overlap if it would not end before.
UPDATE api_keys
SET
    replaced_by = $2,
    expires_at = least(
        expires_at, clock_timestamp() + make_interval(secs => $3::double precision)
    )
WHERE key_id = $1
