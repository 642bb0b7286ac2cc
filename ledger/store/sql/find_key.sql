-- A key that is in force, by digest, with its caller's limits and since when operators stopped the
-- caller. Expiry is real time: the development clock does not age keys.
SELECT
    api_keys.key_id,
    api_keys.caller,
    api_keys.caller_kind,
    api_keys.scopes,
    callers.rate_per_s,
    callers.burst,
    extract(EPOCH FROM api_keys.expires_at - clock_timestamp())::double precision AS left_s,
    switches.stopped_at
FROM api_keys
INNER JOIN callers ON api_keys.caller = callers.name
LEFT JOIN switches ON switches.kind = 'caller' AND api_keys.caller = switches.name
WHERE
    api_keys.digest = $1
    AND api_keys.revoked_at IS NULL
    AND (api_keys.expires_at IS NULL OR api_keys.expires_at > clock_timestamp())
