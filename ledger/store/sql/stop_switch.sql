-- Stop a channel, SKU or caller; it stays stopped since when it first was. No row: no such caller.
INSERT INTO switches (kind, name, stopped_by, reason)
SELECT $1, $2, $3, $4
WHERE $1 <> 'caller' OR EXISTS (SELECT 1 FROM callers WHERE callers.name = $2)
ON CONFLICT ON CONSTRAINT switches_pkey DO UPDATE SET
    stopped_by = excluded.stopped_by,
    reason = excluded.reason
RETURNING kind, name, stopped_at, stopped_by, reason
