"""What is stored of events: their bytes, the chain over them, and the audit of a shard."""
