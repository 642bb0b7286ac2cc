-- Keep a proposal from now on; nothing where its proposer has used the key for the wallet before.
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now)

INSERT INTO proposals (
    proposal_id, kind, wallet, command, digest, reason, evidence, proposed_by, key_hash,
    proposed_at, expires_at
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, now, now + $10::bigint * INTERVAL '1 second'
FROM moment
ON CONFLICT ON CONSTRAINT proposals_key DO NOTHING
RETURNING *, status AS standing
