-- The first and last seq of a shard's debits, which nothing else stands between.
SELECT
    min(seq) AS first_seq,
    max(seq) AS last_seq
FROM events
WHERE shard = $1 AND tag = 'debit_charged_v1'
