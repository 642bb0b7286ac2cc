-- A caller, made when its first key is; one that exists keeps its kind.
INSERT INTO callers (name, kind) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
