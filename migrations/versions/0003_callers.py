"""Callers and people, their acts, proposals, and a directory of names."""

from pathlib import Path

from ledger.store.schema import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL script beside this file."""
    run_script(Path(__file__).with_suffix(".sql"))
