"""The command line: serve, init, migrate, verify, key, wallet, bench."""

from ledger.cli.app import main

__all__ = ["main"]
