-- What a caller is.
SELECT kind FROM callers WHERE name = $1
