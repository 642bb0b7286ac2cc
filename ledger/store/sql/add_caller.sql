-- A caller, made when its first key is; one that exists keeps its kind. Two who make it at once may
-- meet at either of its unique constraints, so none is named.
INSERT INTO callers (name, kind) VALUES ($1, $2) ON CONFLICT DO NOTHING
