-- Keep what an approved proposal came to, once.
UPDATE proposals
SET status = $2, outcome = $3, executed_at = clock_timestamp()
WHERE proposal_id = $1 AND status = 'approved'
RETURNING *, status AS standing
