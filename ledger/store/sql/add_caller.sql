-- A caller, made when its first key is.
INSERT INTO callers (name) VALUES ($1) ON CONFLICT (name) DO NOTHING
