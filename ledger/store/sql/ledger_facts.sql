-- What was chosen at init.
SELECT shards, development FROM ledger
