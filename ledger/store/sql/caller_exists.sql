-- Whether there is a caller of this name.
SELECT EXISTS (SELECT 1 FROM callers WHERE name = $1)
