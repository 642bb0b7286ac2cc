"""A payments and virtual-currency ledger: event-sourced, double-entry, on Postgres."""
