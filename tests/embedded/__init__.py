"""Tests of the embedded Postgres, on real ones."""
