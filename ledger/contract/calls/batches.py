"""Batches: many commands in one request, each standing alone."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, assert_never

import structlog
from msgspec import Meta, Struct
from msgspec.structs import replace

from ledger.access.callers import Scope
from ledger.contract.access import MENDS, check_scope
from ledger.contract.calls.charges import DebitBody, RefundBody, debit_command, refund_command
from ledger.contract.calls.conversions import ConvertBody, convert_command
from ledger.contract.calls.grants import EXAMPLE_DAILY_GRANT, GrantBody, grant_command
from ledger.contract.calls.holds import (
    CaptureBody,
    ExtendBody,
    HoldBody,
    authorize_command,
    capture_command,
    extend_command,
)
from ledger.contract.calls.transfers import TransferBody, transfer_command
from ledger.contract.examples import WALLET
from ledger.contract.fields import Id, KeyText
from ledger.contract.operation import BATCH_BODY_MAX, Call, NoQuery, Operation
from ledger.contract.problems import (
    Problem,
    ProblemError,
    internal_error_problem,
    problem,
    unavailable_problem,
)
from ledger.contract.response import Response
from ledger.contract.shared import Body, EmptyBody, Numbers
from ledger.contract.submission import response_for
from ledger.core.batch import Done
from ledger.core.decider import Command
from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.hold import VoidHold
from ledger.core.rejections import Reason
from ledger.engine import CommandFailed, Unavailable


class BatchDebit(DebitBody, frozen=True, kw_only=True, tag_field="kind", tag="debit"):
    """POST …/debits, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchAuthorizeHold(
    HoldBody, frozen=True, kw_only=True, tag_field="kind", tag="authorize_hold"
):
    """POST …/holds, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchCaptureHold(
    CaptureBody, frozen=True, kw_only=True, tag_field="kind", tag="capture_hold"
):
    """POST …/holds/{hold_id}/capture, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchVoidHold(EmptyBody, frozen=True, kw_only=True, tag_field="kind", tag="void_hold"):
    """POST …/holds/{hold_id}/void, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchExtendHold(ExtendBody, frozen=True, kw_only=True, tag_field="kind", tag="extend_hold"):
    """POST …/holds/{hold_id}/extend, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchRefundCharge(
    RefundBody, frozen=True, kw_only=True, tag_field="kind", tag="refund_charge"
):
    """POST …/charges/{charge_id}/refund, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    charge_id: Id


class BatchGrant(GrantBody, frozen=True, kw_only=True, tag_field="kind", tag="grant"):
    """POST …/grants, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchDailyGrant(EmptyBody, frozen=True, kw_only=True, tag_field="kind", tag="daily_grant"):
    """POST …/daily-grant, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchConvert(ConvertBody, frozen=True, kw_only=True, tag_field="kind", tag="convert"):
    """POST …/conversions, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchTransfer(TransferBody, frozen=True, kw_only=True, tag_field="kind", tag="transfer"):
    """POST …/transfers, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


AnyBatchCommand = (
    BatchDebit
    | BatchAuthorizeHold
    | BatchCaptureHold
    | BatchVoidHold
    | BatchExtendHold
    | BatchRefundCharge
    | BatchGrant
    | BatchDailyGrant
    | BatchConvert
    | BatchTransfer
)


BATCH_COMMANDS_MAX = 10_000


class BatchBody(Body, frozen=True):
    """Up to 10,000 commands; each stands alone."""

    commands: Annotated[list[AnyBatchCommand], Meta(max_length=BATCH_COMMANDS_MAX)]


class ResultAnswer(Struct, frozen=True):
    """What one command of a batch came to: the status and body of its own call."""

    status: int
    body: Annotated[Any, Meta(description="The answer of the command's own call, or a problem")]
    replayed: bool


class BatchAnswer(Struct, frozen=True):
    """The results, in the order of the commands."""

    results: list[ResultAnswer]


_DEBIT: Final[tuple[Scope, ...]] = ("debit:write",)


_CREDIT: Final[tuple[Scope, ...]] = ("credit:write",)


def scopes_of(body: AnyBatchCommand) -> tuple[Scope, ...]:
    """The scopes of which an entry of a batch needs one."""
    if isinstance(body, BatchGrant | BatchDailyGrant):
        return _CREDIT
    return (
        MENDS if isinstance(body, BatchVoidHold | BatchExtendHold | BatchRefundCharge) else _DEBIT
    )


def command_of(body: AnyBatchCommand, numbers: Numbers) -> Command:
    """The command of one entry of a batch. Raises ProblemError as its own call does."""
    wallet_id = body.wallet_id
    match body:
        case BatchDebit():
            return debit_command(wallet_id, body, numbers)
        case BatchAuthorizeHold():
            return authorize_command(wallet_id, body, numbers)
        case BatchCaptureHold():
            return capture_command(wallet_id, body.hold_id, body)
        case BatchVoidHold():
            return VoidHold(wallet_id, body.hold_id)
        case BatchExtendHold():
            return extend_command(wallet_id, body.hold_id, body)
        case BatchRefundCharge():
            return refund_command(wallet_id, body.charge_id, body)
        case BatchGrant():
            return grant_command(wallet_id, body, numbers)
        case BatchDailyGrant():
            return TakeDailyGrant(wallet_id)
        case BatchConvert():
            return convert_command(wallet_id, body, numbers)
        case BatchTransfer():
            return transfer_command(wallet_id, body, numbers)
        case _:
            assert_never(body)


_log: Final = structlog.get_logger("ledger.http")


async def run_batch(call: Call[BatchBody, NoQuery]) -> Response:
    """Submit every command, and answer with the outcome of each in its place."""
    requests = [
        (entry.idempotency_key, _command(call, entry, index))
        for index, entry in enumerate(call.body.commands)
    ]
    # One token admitted the request; the others make the caller's balance negative if need be.
    call.ledger.callers.charge(call.caller, len(requests) - 1)
    outcomes = await call.ledger.submit_many(call.caller.name, requests)
    away = next((outcome for outcome in outcomes if isinstance(outcome, Unavailable)), None)
    if away is not None and all(isinstance(outcome, Unavailable) for outcome in outcomes):
        # No command has an outcome, so the request is 503: clients send it again by its status.
        raise away
    return Response(200, BatchAnswer(_results(call, requests, outcomes)))


def _command(call: Call[BatchBody, NoQuery], entry: AnyBatchCommand, index: int) -> Command:
    check_scope(call.caller, scopes_of(entry), index=index)
    try:
        return command_of(entry, call.currencies.numbers)
    except ProblemError as refused:
        indexed = replace(refused.problem, facts=refused.problem.facts | {"index": index})
        raise ProblemError(indexed) from None


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
                results.append(_problem_result(unavailable_problem(outcome)))
            case CommandFailed():
                _log.error("command failed", request_id=call.request_id, exc_info=outcome)
                results.append(_problem_result(internal_error_problem(call.request_id)))
    return results


def _problem_result(refusal: Problem) -> ResultAnswer:
    return ResultAnswer(refusal.status, refusal.document(), replayed=False)


_TOO_LITTLE: Final = problem(
    Reason.INSUFFICIENT_FUNDS,
    "70.00 INSPIRATION was asked for and 66.00 is available. Top up, then send the command under "
    "a new key.",
    currency="INSPIRATION",
    amount="70.00",
    available="66.00",
)

OPERATIONS: Final = (
    Operation(
        id="batch",
        repeatable=True,
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
        problems=(
            Reason.UNKNOWN_CURRENCY,
            Reason.AMOUNT_OUT_OF_RANGE,
            Reason.EXPIRY_OUT_OF_RANGE,
            "forbidden",
        ),
        example_body=BatchBody(
            [
                BatchDailyGrant(idempotency_key="claim-1", wallet_id=WALLET),
                BatchDebit(
                    idempotency_key="debit-1",
                    wallet_id=WALLET,
                    sku="video-10s-professional",
                ),
            ]
        ),
        example_answer=BatchAnswer(
            [
                ResultAnswer(201, EXAMPLE_DAILY_GRANT, replayed=False),
                ResultAnswer(402, _TOO_LITTLE.document(), replayed=False),
            ]
        ),
    ),
)
