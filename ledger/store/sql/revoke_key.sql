-- Revoke a key; answers its caller, or no row if there is none or it was revoked before. A revoked
-- certificate lets go of its digest, so that its identity may be registered again.
UPDATE api_keys
SET
    revoked_at = clock_timestamp(),
    digest = CASE kind
        WHEN 'certificate' THEN sha256(digest || convert_to(key_id, 'UTF8')) ELSE digest
    END
WHERE key_id = $1 AND revoked_at IS NULL
RETURNING caller
