"""Snapshots, sweeper, leases, quarantine, switches, caps."""

from pathlib import Path

from ledger.store.schema import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL script beside this file."""
    run_script(Path(__file__).with_suffix(".sql"))
