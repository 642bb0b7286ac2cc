-- The newest snapshot of a wallet that was recorded by an instant.
SELECT seq, state
FROM wallet_snapshots
WHERE shard = $1 AND wallet = $2 AND recorded_at <= $3
ORDER BY recorded_at DESC, seq DESC
LIMIT 1
