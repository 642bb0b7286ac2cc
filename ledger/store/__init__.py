"""The store: the only place that talks to Postgres."""
