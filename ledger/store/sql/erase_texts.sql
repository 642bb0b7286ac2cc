-- Delete the free text that came with a wallet's requests; the log keeps its salted digests. What
-- people wrote of its proposals goes too, once those are over.
WITH erased AS (
    DELETE FROM texts WHERE shard = $1 AND wallet = $2
    RETURNING 1 AS one
),

blanked AS (
    UPDATE proposals
    SET reason = '', evidence = NULL, decision_reason = NULL
    WHERE
        wallet = $2
        AND status <> 'approved'
        AND (status <> 'open' OR expires_at <= clock_timestamp())
        AND (reason <> '' OR num_nonnulls(evidence, decision_reason) > 0)
    RETURNING 1 AS one
)

SELECT (SELECT count(*) FROM erased) + (SELECT count(*) FROM blanked)
