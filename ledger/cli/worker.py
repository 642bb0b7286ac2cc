"""A worker of `ledger serve`: HTTP, beside it gRPC, and the jobs unless they are done elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ledger import jobs
from ledger.http import worker
from ledger.rpc.server import serving
from ledger.service import Ledger


def make_app() -> worker.Worker:
    """Called by the server in each new worker process."""
    return worker.make_app(_beside)


@asynccontextmanager
async def _beside(ledger: Ledger) -> AsyncIterator[None]:
    # Every worker offers itself for the jobs: the leases see to it that one does the work.
    chosen = jobs.JOBS if ledger.settings.jobs else ()
    async with jobs.running(ledger, chosen), serving(ledger):
        yield
