"""Queries: what is read of the ledger; nothing here writes but what is derived."""
