-- A refund by its id, which carries the shard, and the wallet whose order it gives back.
SELECT wallet, state FROM documents WHERE shard = $1 AND kind = 'refund' AND id = $2
