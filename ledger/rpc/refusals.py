"""Problems of the contract as the ends of calls."""

from typing import Any, Final

import grpc

from ledger.contract.problems import Problem
from ledger.v1.refusals import CODES, DETAILS, details_of

REPLAYED: Final = ("idempotency-replayed", "true")
"""Trailing metadata of every answer that was given before."""

Metadata = tuple[tuple[str, str | bytes], ...]


def refuse(
    context: grpc.aio.ServicerContext[Any, Any],
    problem: Problem,
    request_id: str,
    *,
    replayed: bool = False,
) -> grpc.StatusCode:
    """Have the call end with a problem; returns the status that it ends with."""
    code = CODES[problem.status]
    context.set_code(code)
    context.set_details(problem.detail)
    details = details_of(problem.slug, problem.detail, problem.facts, code)
    trailing: Metadata = (("x-request-id", request_id), (DETAILS, details))
    context.set_trailing_metadata((*trailing, REPLAYED) if replayed else trailing)
    return code
