"""The independent auditor, which shares no code with the ledger."""
