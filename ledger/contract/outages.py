"""Outages and bugs as problems: what is not the caller's fault, and safe to send again."""

from typing import Final

from ledger.contract.problems import Problem, problem
from ledger.engine import Unavailable

_OUTAGES: Final = {
    "busy": "More commands wait than the service takes on. Nothing was done.",
    "database-unavailable": "The database cannot be reached. Nothing was done.",
    "outcome-unknown": "The connection was lost while committing: it may or may not be done.",
    "shutting-down": "The service is shutting down. Nothing was done.",
    "wallet-quarantined": (
        "What has fallen due in this wallet cannot be recorded, so the wallet is in quarantine; "
        "operators were told. Nothing was done."
    ),
}


def outage(away: Unavailable) -> Problem:
    """The problem of a service that cannot answer now."""
    again = (b"retry-after", b"%d" % away.retry_after_s)
    detail = f"{_OUTAGES[away.reason]} Send the same request again, under the same key."
    return problem(away.reason, detail, again, retry_after_s=away.retry_after_s)


def failure(request_id: str) -> Problem:
    """The problem of a bug: it names the request in the log, and tells nothing of it."""
    detail = (
        "This is our mistake, and it is logged under error_id. The same request under the same key "
        "is safe to send again."
    )
    return problem("internal-error", detail, error_id=request_id)
