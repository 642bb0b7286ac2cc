-- An act that is about to be done; how it ended comes later.
INSERT INTO acts (actor, operation, subject, detail, request_id) VALUES ($1, $2, $3, $4, $5)
RETURNING act_id
