-- Decide on an open proposal in time and once: another person approves or rejects it, or the one
-- who made it withdraws it. Whoever loses the race for the row finds it decided.
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now)

UPDATE proposals
SET
    status = $2, decided_by = $3, decided_at = moment.now, decision_reason = $4,
    decision_key_hash = $5
FROM moment
WHERE
    proposal_id = $1
    AND status = 'open'
    AND (proposed_by = $3) = ($2 = 'withdrawn')
    AND expires_at > moment.now
RETURNING proposals.*, status AS standing
