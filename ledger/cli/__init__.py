"""The command line: serve, jobs, init, migrate, import, verify, key, wallet, bench."""

from ledger.cli.app import main

__all__ = ["main"]
