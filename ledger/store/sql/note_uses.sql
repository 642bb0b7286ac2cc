-- When keys were last used, as seconds ago. Whoever finds a row taken leaves it: it is being used.
WITH used AS (
    SELECT *
    FROM unnest($1::text [], $2::double precision []) AS uses (key_id, age_s)
),

free AS (
    SELECT api_keys.key_id
    FROM api_keys
    INNER JOIN used ON api_keys.key_id = used.key_id
    ORDER BY api_keys.key_id
    FOR NO KEY UPDATE OF api_keys SKIP LOCKED
)

UPDATE api_keys
SET last_used_at = greatest(
    api_keys.last_used_at, clock_timestamp() - make_interval(secs => used.age_s)
)
FROM used
INNER JOIN free ON used.key_id = free.key_id
WHERE api_keys.key_id = used.key_id
