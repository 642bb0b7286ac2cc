-- Keys, newest first: of one caller, the one of an id, or all.
SELECT
    key_id,
    caller,
    caller_kind,
    kind,
    label,
    scopes,
    created_at,
    created_by,
    expires_at,
    revoked_at,
    replaced_by,
    last_used_at,
    CASE
        WHEN revoked_at IS NOT NULL THEN 'revoked'
        WHEN expires_at <= clock_timestamp() THEN 'expired'
        ELSE 'in_force'
    END AS state
FROM api_keys
WHERE
    ($1::text IS NULL OR caller = $1)
    AND ($2::text IS NULL OR key_id = $2)
ORDER BY created_at DESC, key_id DESC
