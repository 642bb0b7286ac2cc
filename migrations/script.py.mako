"""${message}."""

from pathlib import Path

from ledger.store.schema import run_script

revision = "${up_revision}"
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL script beside this file."""
    run_script(Path(__file__).with_suffix(".sql"))
