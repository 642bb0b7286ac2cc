"""History: what was recorded of a wallet, and of a shard."""
