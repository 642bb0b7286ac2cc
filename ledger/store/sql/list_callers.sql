-- Callers by name, with since when operators stopped them: all, or one.
SELECT
    callers.name,
    callers.kind,
    callers.rate_per_s,
    callers.burst,
    callers.created_at,
    switches.stopped_at
FROM callers
LEFT JOIN switches ON switches.kind = 'caller' AND callers.name = switches.name
WHERE $1::text IS NULL OR callers.name = $1
ORDER BY callers.name
