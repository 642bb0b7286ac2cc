-- Approved proposals that wait for so many seconds to be carried out, a page after another.
SELECT *, status AS standing
FROM proposals
WHERE
    status = 'approved'
    AND decided_at <= clock_timestamp() - $1::bigint * INTERVAL '1 second'
    AND (decided_at, proposal_id) > ($2::timestamptz, $3::text)
ORDER BY decided_at, proposal_id
LIMIT $4
