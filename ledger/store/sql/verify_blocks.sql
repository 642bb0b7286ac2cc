-- A shard's blocks in seq order.
SELECT first_seq, last_seq, (extract(EPOCH FROM recorded_at) * 1000000)::bigint AS recorded_us, root, hash
FROM blocks
WHERE shard = $1
ORDER BY first_seq
