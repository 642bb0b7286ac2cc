"""Commands of batches: each the same as its own call makes, under the same scope."""

from typing import Final, assert_never

from ledger.access.callers import Scope
from ledger.contract import commands
from ledger.contract.access import MENDS
from ledger.contract.bodies_batch import (
    AnyBatchCommand,
    BatchAuthorizeHold,
    BatchCaptureHold,
    BatchConvert,
    BatchDailyGrant,
    BatchDebit,
    BatchExtendHold,
    BatchGrant,
    BatchRefundCharge,
    BatchTransfer,
    BatchVoidHold,
)
from ledger.contract.commands import Numbers
from ledger.core.decider import Command
from ledger.core.flows.daily_grant import ClaimDailyGrant
from ledger.core.flows.hold import VoidHold

_DEBIT: Final[tuple[Scope, ...]] = ("debit:write",)
_CREDIT: Final[tuple[Scope, ...]] = ("credit:write",)


def scopes_of(body: AnyBatchCommand) -> tuple[Scope, ...]:
    """The scopes of which an entry of a batch needs one."""
    if isinstance(body, BatchGrant | BatchDailyGrant):
        return _CREDIT
    return (
        MENDS if isinstance(body, BatchVoidHold | BatchExtendHold | BatchRefundCharge) else _DEBIT
    )


def of_batch(body: AnyBatchCommand, numbers: Numbers) -> Command:
    """The command of one entry of a batch. Raises ProblemError as its own call does."""
    wallet_id = body.wallet_id
    match body:
        case BatchDebit():
            return commands.debit(wallet_id, body, numbers)
        case BatchAuthorizeHold():
            return commands.authorize_hold(wallet_id, body, numbers)
        case BatchCaptureHold():
            return commands.capture_hold(wallet_id, body.hold_id, body)
        case BatchVoidHold():
            return VoidHold(wallet_id, body.hold_id)
        case BatchExtendHold():
            return commands.extend_hold(wallet_id, body.hold_id, body)
        case BatchRefundCharge():
            return commands.refund_charge(wallet_id, body.charge_id, body)
        case BatchGrant():
            return commands.grant(wallet_id, body, numbers)
        case BatchDailyGrant():
            return ClaimDailyGrant(wallet_id)
        case BatchConvert():
            return commands.convert(wallet_id, body, numbers)
        case BatchTransfer():
            return commands.send_transfer(wallet_id, body, numbers)
        case _:
            assert_never(body)
