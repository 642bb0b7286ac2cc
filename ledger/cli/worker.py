"""A worker of `ledger serve`: HTTP, and beside it the jobs unless they are done elsewhere."""

from contextlib import AbstractAsyncContextManager

from ledger import jobs
from ledger.http import worker
from ledger.service import Ledger


def make_app() -> worker.Worker:
    """Called by the server in each new worker process."""
    return worker.make_app(_jobs_beside)


def _jobs_beside(ledger: Ledger) -> AbstractAsyncContextManager[None]:
    # Every worker offers itself: the leases see to it that one does the work.
    return jobs.running(ledger, jobs.JOBS if ledger.settings.jobs else ())
