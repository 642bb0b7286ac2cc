"""Batches: many commands in one request, each standing alone."""

from collections.abc import Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from ledger.contract import commands_batch
from ledger.contract.access import check_scope
from ledger.contract.answer import Answer
from ledger.contract.answers import BatchAnswer, DailyGrantAnswer, ResultAnswer
from ledger.contract.bodies_batch import AnyBatchCommand, BatchBody, BatchDailyGrant, BatchDebit
from ledger.contract.calls import examples
from ledger.contract.operation import BATCH_BODY_MAX, Call, NoQuery, Operation
from ledger.contract.outages import failure, outage
from ledger.contract.problems import Problem, ProblemError, problem
from ledger.contract.submission import response_for
from ledger.core.batch import Done
from ledger.core.decider import Command
from ledger.engine import CommandFailed, Unavailable

_log: Final = structlog.get_logger("ledger.http")


async def run_batch(call: Call[BatchBody, NoQuery]) -> Answer:
    """Submit every command, and tell each one's outcome in its place."""
    requests = [
        (entry.idempotency_key, _command(call, entry, index))
        for index, entry in enumerate(call.body.commands)
    ]
    # Whoever had one command left may go into debt with the rest of the batch.
    call.ledger.callers.charge(call.caller, len(requests) - 1)
    outcomes = await call.ledger.submit_many(call.caller.name, requests)
    away = next((one for one in outcomes if isinstance(one, Unavailable)), None)
    if away is not None and all(isinstance(one, Unavailable) for one in outcomes):
        # Nothing at all was answered: who sends batches again by their status should see it.
        raise away
    return Answer(200, BatchAnswer(_results(call, requests, outcomes)))


def _command(call: Call[BatchBody, NoQuery], entry: AnyBatchCommand, index: int) -> Command:
    check_scope(call.caller, commands_batch.scopes_of(entry), index=index)
    try:
        return commands_batch.of_batch(entry, call.currencies.numbers)
    except ProblemError as refused:
        told_where = replace(refused.problem, facts=refused.problem.facts | {"index": index})
        raise ProblemError(told_where) from None


def _results(
    call: Call[BatchBody, NoQuery],
    requests: Sequence[tuple[str, Command]],
    outcomes: Sequence[Done | Unavailable | CommandFailed],
) -> list[ResultAnswer]:
    codes = call.currencies.codes
    results = []
    for (_, command), outcome in zip(requests, outcomes, strict=True):
        match outcome:
            case Done(answer, replayed):
                status, body = response_for(command.wallet_id, answer, call.responses, codes)
                if isinstance(body, Problem):
                    body = body.document()
                results.append(ResultAnswer(status, body, replayed))
            case Unavailable():
                results.append(_refused(outage(outcome)))
            case CommandFailed():
                _log.error("command failed", request_id=call.request_id, exc_info=outcome)
                results.append(_refused(failure(call.request_id)))
    return results


def _refused(refusal: Problem) -> ResultAnswer:
    return ResultAnswer(refusal.status, refusal.document(), replayed=False)


_CLAIM: Final = DailyGrantAnswer(
    examples.LOT, "INSPIRATION", "66.00", "2026-03-01T16:00:00Z", claimed_now=True
)
_TOO_LITTLE: Final = problem(
    "insufficient-funds",
    "70.00 INSPIRATION was asked for and 66.00 is available. Top up, then send the command under "
    "a new key.",
    currency="INSPIRATION",
    amount="70.00",
    available="66.00",
)

OPERATIONS: Final = (
    Operation(
        id="batch",
        method="POST",
        path="/v1/batch",
        tag="Generation",
        summary="Run many commands, each standing alone",
        description=(
            "Commands on one wallet are decided in their order. Every command needs the scope of "
            "its own call; a batch with a malformed or forbidden command is refused whole, naming "
            "its `index`. A result is the status and body of the command's own call; `replayed` "
            "is its Idempotency-Replayed."
        ),
        run=run_batch,
        audited_for_people=True,
        body=BatchBody,
        body_max=BATCH_BODY_MAX,
        answers={200: BatchAnswer},
        problems=("unknown-currency", "amount-out-of-range", "expiry-out-of-range", "forbidden"),
        example_body=BatchBody(
            [
                BatchDailyGrant(idempotency_key="claim-1", wallet_id=examples.WALLET),
                BatchDebit(
                    idempotency_key="debit-1",
                    wallet_id=examples.WALLET,
                    sku="video-10s-professional",
                ),
            ]
        ),
        example_answer=BatchAnswer(
            [
                ResultAnswer(201, _CLAIM, replayed=False),
                ResultAnswer(402, _TOO_LITTLE.document(), replayed=False),
            ]
        ),
    ),
)
