"""Submission: a command to the service, and its outcome as the status and body of a response."""

from typing import Any

from ledger.contract.operation import Call, Responses
from ledger.contract.problems import problem_of
from ledger.contract.response import Response
from ledger.contract.shared import Codes
from ledger.core.batch import Outcome
from ledger.core.decider import Command
from ledger.core.rejections import Rejection


async def submit(call: Call[Any, Any], command: Command) -> Response:
    """Have the caller's command decided, and answer with what it came to."""
    done = await call.ledger.submit(call.caller.name, call.key, command)
    status, body = response_for(
        command.wallet_id, done.outcome, call.responses, call.currencies.codes
    )
    return Response(status, body, done.replayed)


def response_for(
    wallet_id: str, outcome: Outcome, responses: Responses, codes: Codes
) -> tuple[int, object]:
    """(status, body) of what a command on a wallet came to; a refusal's body is its Problem.

    Raises KeyError for an event that no call brings about.
    """
    if isinstance(outcome, Rejection):
        refused = problem_of(outcome, codes)
        return refused.status, refused
    status, render = responses[type(outcome)]
    return status, render(wallet_id, outcome, codes)
