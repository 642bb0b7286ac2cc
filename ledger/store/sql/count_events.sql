-- The number of events in the log: seqs are gapless.
SELECT coalesce(sum(seq), 0)::bigint FROM shards
