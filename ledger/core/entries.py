"""What an event leaves behind: its balanced journal entry, and the documents it writes."""

from typing import assert_never

from ledger.core import journal, journal_money
from ledger.core.chart import REVENUE_BREAKAGE
from ledger.core.decider import DocumentRef, Event
from ledger.core.flows import control, hold, order_refund, reversal, transfer
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.flows.closure import WalletClosed
from ledger.core.flows.control import LimitSet, WalletFrozen, WalletUnfrozen
from ledger.core.flows.conversion import Converted
from ledger.core.flows.daily_grant import DailyGranted
from ledger.core.flows.debit import DebitCharged
from ledger.core.flows.due import LotExpired
from ledger.core.flows.grant import LotGranted
from ledger.core.flows.hold import (
    HoldAuthorized,
    HoldCaptured,
    HoldExpired,
    HoldExtended,
    HoldVoided,
)
from ledger.core.flows.membership import (
    MembershipCancelled,
    MembershipEnded,
    MembershipGranted,
)
from ledger.core.flows.opening import OpeningImported
from ledger.core.flows.order import (
    MembershipPaid,
    OrderClosed,
    OrderExpired,
    OrderOpened,
    PaymentSetAside,
    RechargePaid,
)
from ledger.core.flows.order_refund import (
    OrderRefundConfirmed,
    OrderRefundFailed,
    OrderRefundRequested,
)
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.flows.reversal import (
    PaymentRestored,
    PaymentReversed,
)
from ledger.core.flows.transfer import (
    PaidOut,
    TransferCompleted,
    TransferReceived,
    TransferSent,
)
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.instants import Instant
from ledger.core.journal import Legs
from ledger.core.money import CNY
from ledger.core.purchases import Order
from ledger.core.wallet import Document, Wallet

_WITHOUT_DOCUMENT = frozenset({DebitCharged, HoldAuthorized, LotGranted, DailyGranted})
"""The frequent events that write none: asked first, because a match would come to them last."""

Written = tuple[tuple[DocumentRef, Document], ...]
"""Documents by what they are known by."""


def entry_for(event: Event) -> Legs:
    """The balanced legs of an event's journal entry, from the event alone."""
    match event:
        case DebitCharged(charge=charge):
            return journal.recognise(charge.takes, "available", "consumed")
        case HoldAuthorized(hold=authorized):
            return journal.relocate(authorized.takes, "available", "held")
        case HoldCaptured(charge=charge, returned=returned, absorbed=absorbed):
            return journal.recognise(
                charge.takes, "held", "consumed", returned=returned, absorbed=absorbed
            )
        case HoldVoided(hold=given_back) | HoldExpired(hold=given_back):
            return journal.let_go(given_back.takes, event.absorbed)
        case LotExpired(take=take):
            return journal.recognise((take,), "available", "expired", revenue=REVENUE_BREAKAGE)
        case LotGranted(lot=lot) | DailyGranted(lot=lot):
            return journal.issue(lot)
        case MembershipGranted(lot=lot, more=more):
            return journal.issue(lot, *more)
        case ChargeRefunded(returned=returned, absorbed=absorbed):
            return journal.give_back(returned, absorbed)
        case HoldExtended():
            return ()
        case (
            RechargePaid()
            | MembershipPaid()
            | MembershipUpgraded()
            | PaymentSetAside()
            | OrderRefundRequested()
            | OrderRefundConfirmed()
            | OrderRefundFailed()
            | PaymentReversed()
            | PaymentRestored()
        ):
            return _entry_of_payment(event)
        case _:
            return _entry_of_rest(event)


_Payment = (
    RechargePaid
    | MembershipPaid
    | MembershipUpgraded
    | PaymentSetAside
    | order_refund.Event
    | reversal.Event
)


def _entry_of_payment(event: _Payment) -> Legs:
    match event:
        case RechargePaid(order=paid, lot=lot, repaid=repaid):
            return journal_money.recharge(paid, lot, repaid)
        case MembershipPaid(order=paid):
            return journal_money.membership(paid, None)
        case MembershipUpgraded(order=paid, lot=lot):
            return journal_money.membership(paid, lot)
        case PaymentSetAside(amount_fen=amount_fen, funds=funds, account=account):
            return ((funds, CNY, amount_fen), (account, CNY, -amount_fen))
        case OrderRefundRequested(refund=asked):
            return journal_money.set_aside(asked)
        case OrderRefundConfirmed(refund=confirmed):
            return journal_money.refunded(confirmed)
        case OrderRefundFailed():
            return journal_money.refund_failed(event)
        case PaymentReversed():
            return journal_money.reversed_(event)
        case PaymentRestored():
            return journal_money.restored(event)
        case _:
            assert_never(event)


_Rest = (
    OrderOpened
    | OrderExpired
    | OrderClosed
    | MembershipEnded
    | MembershipCancelled
    | Converted
    | transfer.Event
    | control.Event
    | WalletClosed
    | OpeningImported
    | BalanceAdjusted
)


def _entry_of_rest(event: _Rest) -> Legs:
    match event:
        case Converted():
            return journal_money.converted(event)
        case TransferSent():
            return journal_money.tipped(event)
        case TransferReceived():
            return journal_money.received(event)
        case PaidOut():
            return journal_money.paid_out(event)
        case WalletClosed():
            return journal_money.closed(event)
        case OpeningImported():
            return journal_money.opened(event)
        case BalanceAdjusted():
            return journal_money.adjusted(event)
        case OrderOpened() | OrderExpired() | OrderClosed():
            return ()
        case MembershipEnded() | MembershipCancelled() | TransferCompleted():
            return ()
        case WalletFrozen() | WalletUnfrozen() | LimitSet():
            return ()
        case _:
            assert_never(event)


def documents_after(wallet: Wallet, event: Event, at: Instant) -> Written:
    """The documents that an event writes; `wallet` is the state before it.

    Debits and captures write no charge: a charge's id names its event, and only a refund turns
    it into a document of its own.
    """
    if type(event) in _WITHOUT_DOCUMENT:
        return ()
    match event:
        case HoldCaptured() | HoldVoided() | HoldExpired():
            closed = hold.closed_hold(wallet, event, at)
            return ((("hold", closed.hold.hold_id), closed),)
        case ChargeRefunded(charge=charge):
            return ((("charge", charge.charge_id), charge),)
        case (
            OrderOpened(order=written)
            | OrderExpired(order=written)
            | OrderClosed(order=written)
            | RechargePaid(order=written)
            | MembershipPaid(order=written)
            | MembershipUpgraded(order=written)
            | PaymentReversed(order=written)
            | PaymentRestored(order=written)
        ):
            return (_order_document(written),)
        case WalletClosed(orders=orders):
            return tuple(_order_document(one) for one in orders)
        case PaymentSetAside(refund=asked) if asked is not None:
            return ((("refund", asked.refund_id), asked),)
        case (
            OrderRefundRequested(order=changed, refund=known)
            | OrderRefundConfirmed(order=changed, refund=known)
            | OrderRefundFailed(order=changed, refund=known)
        ):
            written_too = () if changed is None else (_order_document(changed),)
            return (*written_too, (("refund", known.refund_id), known))
        case TransferSent(transfer=moved) | TransferCompleted(transfer=moved):
            return ((("transfer", moved.transfer_id), moved),)
        case _:
            return ()


def _order_document(written: Order) -> tuple[DocumentRef, Document]:
    return ("order", written.order_id), written
