"""Submission: a command to the service, and its outcome as the status and body of an answer."""

from collections.abc import Mapping
from typing import Any

from ledger.contract import (
    render,
    render_adjustments,
    render_control,
    render_refunds,
    render_transfers,
)
from ledger.contract.answer import Answer
from ledger.contract.answers_control import FrozenAnswer
from ledger.contract.operation import Call
from ledger.contract.refusals import problem_of
from ledger.contract.render_wallet import render_membership
from ledger.core.batch import Answer as Outcome
from ledger.core.decider import Command
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.flows.closure import WalletClosed
from ledger.core.flows.control import LimitSet, WalletFrozen, WalletUnfrozen
from ledger.core.flows.conversion import Converted
from ledger.core.flows.daily_grant import AlreadyClaimed, DailyGranted
from ledger.core.flows.debit import DebitCharged
from ledger.core.flows.grant import LotGranted
from ledger.core.flows.hold import HoldAuthorized, HoldCaptured, HoldExtended, HoldVoided
from ledger.core.flows.membership import MembershipCancelled
from ledger.core.flows.order import OrderClosed, OrderOpened
from ledger.core.flows.order_refund import OrderRefundRequested
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.flows.transfer import PaidOut, TransferSent
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.rejections import Rejection


async def submit(call: Call[Any, Any], command: Command) -> Answer:
    """Have the caller's command decided, and answer with what it came to."""
    done = await call.ledger.submit(call.caller.name, call.key, command)
    status, body = told(command.wallet_id, done.answer, call.currencies.codes)
    return Answer(status, body, done.replayed)


def told(wallet_id: str, outcome: Outcome, codes: Mapping[int, str]) -> tuple[int, object]:
    """(status, body) of what a command on a wallet came to; a refusal's body is its Problem.

    An order is told without its payment, which only its channel knows: the call attaches it.
    """
    match outcome:
        case DebitCharged():
            return 201, render.render_debit(wallet_id, outcome, codes)
        case HoldAuthorized(hold):
            return 201, render.render_hold(wallet_id, hold, codes)
        case HoldCaptured():
            return 200, render.render_capture(wallet_id, outcome, codes)
        case HoldVoided(hold):
            return 200, render.render_hold(wallet_id, hold, codes, status="voided")
        case HoldExtended(hold):
            return 200, render.render_hold(wallet_id, hold, codes)
        case ChargeRefunded():
            return 200, render.render_refund(wallet_id, outcome, codes)
        case LotGranted():
            return 201, render.render_grant(wallet_id, outcome, codes)
        case DailyGranted() | AlreadyClaimed():
            claimed_now = isinstance(outcome, DailyGranted)
            return 201 if claimed_now else 200, render.render_daily_grant(outcome, codes)
        case Converted():
            return 201, render_transfers.render_conversion(wallet_id, outcome, codes)
        case TransferSent():
            return 201, render_transfers.render_sent_transfer(outcome, codes)
        case Rejection():
            refused = problem_of(outcome, codes)
            return refused.status, refused
        case _:
            return _told_of_rarer(wallet_id, outcome, codes)


def _told_of_rarer(
    wallet_id: str, outcome: Outcome, codes: Mapping[int, str]
) -> tuple[int, object]:
    match outcome:
        case OrderOpened(order) | MembershipUpgraded(order=order):
            return 201, render.render_order(wallet_id, order, None, codes)
        case OrderClosed(order):
            return 200, render.render_order(wallet_id, order, None, codes)
        case OrderRefundRequested():
            return 202, render_refunds.render_requested_refund(wallet_id, outcome, codes)
        case MembershipCancelled(membership):
            return 200, render_membership(membership)
        case PaidOut():
            return 201, render_transfers.render_payout(wallet_id, outcome)
        case WalletFrozen(frozen) | WalletUnfrozen(frozen):
            return 200, FrozenAnswer(wallet_id, frozen)
        case LimitSet():
            return 200, render_control.render_limit(wallet_id, outcome, codes)
        case WalletClosed():
            return 200, render_control.render_closed_wallet(wallet_id, outcome, codes)
        case BalanceAdjusted():
            return 201, render_adjustments.render_adjustment(wallet_id, outcome, codes)
        case _:
            raise AssertionError(f"no call brings about {type(outcome).__name__}")
