-- A key that is in force, by digest, and since when its caller is stopped. Expiry is real time: the
-- development clock does not age keys.
SELECT
    api_keys.caller,
    api_keys.scopes,
    switches.stopped_at
FROM api_keys
LEFT JOIN switches ON switches.kind = 'caller' AND api_keys.caller = switches.name
WHERE
    api_keys.digest = $1
    AND api_keys.revoked_at IS NULL
    AND (api_keys.expires_at IS NULL OR api_keys.expires_at > clock_timestamp())
