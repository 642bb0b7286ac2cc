"""Finance: reports as data, pure over rows that the store reads."""
