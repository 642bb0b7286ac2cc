-- A wallet's next few events after a seq, without those recorded after an instant.
-- Within a shard recorded_at never falls as seq rises: fewer rows than the limit end the past.
SELECT
    chunk.seq,
    chunk.payload
FROM (
    SELECT
        seq,
        payload,
        recorded_at
    FROM events
    WHERE shard = $1 AND wallet = $2 AND seq > $3
    ORDER BY seq
    LIMIT $5
) AS chunk
WHERE chunk.recorded_at <= $4
ORDER BY chunk.seq
