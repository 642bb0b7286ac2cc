-- What came of an act, once.
UPDATE acts SET outcome = $2, outcome_at = clock_timestamp() WHERE act_id = $1 AND outcome IS NULL
RETURNING act_id
