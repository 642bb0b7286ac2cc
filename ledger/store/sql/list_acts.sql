-- Acts, newest first.
SELECT act_id, at, actor, operation, subject, detail, request_id, outcome, outcome_at FROM acts
WHERE
    ($1::text IS NULL OR actor = $1)
    AND ($2::text IS NULL OR operation = $2)
    AND ($3::text IS NULL OR subject = $3)
    AND ($4::bigint IS NULL OR act_id < $4)
ORDER BY act_id DESC
LIMIT $5
