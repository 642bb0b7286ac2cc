-- An API key by its digest; the same key given again keeps its first row, and there is no row here.
INSERT INTO api_keys (
    key_id, caller, caller_kind, digest, scopes, kind, label, created_by, expires_at
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8,
    clock_timestamp() + make_interval(secs => $9::double precision)
)
ON CONFLICT (digest) DO NOTHING
RETURNING key_id
