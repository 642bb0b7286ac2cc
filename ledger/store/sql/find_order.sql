-- An order by its id, which carries the shard, and the wallet that opened it.
SELECT wallet, state FROM documents WHERE shard = $1 AND kind = 'order' AND id = $2
