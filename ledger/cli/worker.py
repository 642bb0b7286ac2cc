"""A worker of `ledger serve`: HTTP, beside it gRPC, and the jobs unless they are done elsewhere."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ledger import jobs
from ledger.cli.streams import Streams
from ledger.http import worker
from ledger.rpc.server import serving
from ledger.service import Ledger
from ledger.telemetry import configure_logging


def make_app() -> worker.Worker:
    """Called by the server in each new worker process."""
    application = worker.make_app(_beside)
    # Requests are served also when nobody reads the log any more.
    Streams()
    configure_logging(to=sys.stdout)
    return application


@asynccontextmanager
async def _beside(ledger: Ledger) -> AsyncIterator[None]:
    # Every worker offers itself for the jobs: the leases see to it that one does the work.
    chosen = jobs.JOBS if ledger.settings.jobs else ()
    async with jobs.running(ledger, chosen), serving(ledger):
        yield
