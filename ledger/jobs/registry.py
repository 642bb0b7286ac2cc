"""The registry of jobs: a file each, and a line here."""

from typing import Final

from ledger.jobs.directory import DIRECTORY
from ledger.jobs.job import Job
from ledger.jobs.outbox import OUTBOX
from ledger.jobs.proposals import PROPOSALS
from ledger.jobs.sweeper import SWEEP

JOBS: Final[tuple[Job, ...]] = (SWEEP, OUTBOX, PROPOSALS, DIRECTORY)
"""Every job there is."""
