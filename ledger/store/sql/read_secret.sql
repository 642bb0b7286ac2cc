-- A secret by name.
SELECT secret FROM secrets WHERE name = $1
