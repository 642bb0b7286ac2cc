-- A shard's stored documents.
SELECT wallet, kind, id, state FROM documents WHERE shard = $1
