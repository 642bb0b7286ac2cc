-- The proposal of an id, or the one that somebody made, or decided, for a wallet under a key.
SELECT
    *,
    CASE WHEN status = 'open' AND expires_at <= clock_timestamp() THEN 'expired' ELSE status END
        AS standing
FROM proposals
WHERE
    proposal_id = $1
    OR (proposed_by = $2 AND wallet = $3 AND key_hash = $4)
    OR (decided_by = $5 AND wallet = $3 AND decision_key_hash = $4)
