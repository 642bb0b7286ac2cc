-- A page of proposals, those that can be decided on first, then the newest. Of those that wait for
-- a decision, the ones that this person did not make come first.
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now),

told AS (
    SELECT
        proposals.*,
        CASE WHEN status = 'open' AND expires_at <= moment.now THEN 'expired' ELSE status END
            AS standing
    FROM proposals CROSS JOIN moment
    WHERE ($1::text IS NULL OR wallet = $1)
),

ranked AS (
    SELECT
        *,
        CASE $2::text WHEN 'waiting' THEN proposed_by <> $3::text ELSE standing = 'open' END
            AS is_first
    FROM told
    WHERE
        $2::text IS NULL
        OR standing = CASE $2::text WHEN 'waiting' THEN 'open' ELSE $2::text END
)

SELECT *
FROM ranked
WHERE
    $4::boolean IS NULL
    OR (is_first, proposed_at, proposal_id) < ($4::boolean, $5::timestamptz, $6::text)
ORDER BY is_first DESC, proposed_at DESC, proposal_id DESC
LIMIT $7
