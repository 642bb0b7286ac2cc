-- Make the copied-to tables empty for another pass.
TRUNCATE bench.events, bench.requests, bench.wallets
