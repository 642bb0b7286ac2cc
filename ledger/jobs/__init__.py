"""Jobs: what the ledger does by itself, each under a lease, in a server or apart from it."""

from ledger.jobs.job import Job
from ledger.jobs.registry import JOBS
from ledger.jobs.runner import run_once, running

__all__ = ["JOBS", "Job", "run_once", "running"]
