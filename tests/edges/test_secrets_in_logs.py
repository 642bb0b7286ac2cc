"""What is never in a log, whatever fails: keys, passwords, and what people wrote."""

import asyncio
import subprocess
import sys

import msgspec

from ledger.telemetry import without_secrets
from tests.edges import failing_layers as layers
from tests.kit.databases import Database


async def test_no_layer_logs_what_it_has_at_hand(database: Database) -> None:
    """Each failure is in the log, with where it was raised, and without a local variable."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.edges.failing_layers"],
        env={"OWNER": database.owner_url, "SERVICE": database.url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    failed = [line["event"] for line in lines if "exception" in line]
    assert {"command_failed", "job_failed", "request failed"} <= set(failed)
    assert failed.count("command_failed") == 2
    for secret in (layers.KEY, layers.WORDS, "S3cret"):
        assert secret not in done.stdout + done.stderr
    assert "locals" not in done.stdout


def test_an_exception_says_no_password_and_no_row() -> None:
    """Of a URL all but the password; of what Postgres refuses the rule."""
    url = without_secrets("at postgresql://me:s3@cret@db/x: no")
    assert url == "at postgresql://me:***@db/x: no"
    refused = without_secrets("violates a rule\nDETAIL:  Failing row contains (x).")
    assert refused == "violates a rule"
