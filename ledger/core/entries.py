"""What an event leaves behind: its balanced journal entry, and the documents it writes."""

from typing import assert_never

from ledger.core import journal, journal_money
from ledger.core.chart import REVENUE_BREAKAGE
from ledger.core.decider import DocumentRef, Event
from ledger.core.flows import (
    adjustment,
    closure,
    control,
    conversion,
    daily_grant,
    debit,
    due,
    grant,
    hold,
    membership,
    opening,
    order,
    order_refund,
    refund,
    reversal,
    transfer,
    upgrade,
)
from ledger.core.instants import Instant
from ledger.core.journal import Legs
from ledger.core.money import CNY
from ledger.core.purchases import Order
from ledger.core.wallet import Document, Wallet

_WithoutDocument = (
    debit.Event
    | hold.HoldAuthorized
    | grant.Event
    | daily_grant.Event
    | hold.HoldExtended
    | due.LotExpired
    | membership.Event
    | conversion.Event
    | transfer.TransferReceived
    | transfer.PaidOut
    | control.Event
    | opening.Event
    | adjustment.Event
)
"""The events that write none, the most frequent first."""

_Granted = grant.Event | daily_grant.Event

Written = tuple[tuple[DocumentRef, Document], ...]
"""Documents by what they are known by."""


def entry_for(event: Event) -> Legs:  # noqa: PLR0912 - one branch a flow
    """The balanced legs of an event's journal entry, from the event alone."""
    if isinstance(event, debit.Event):
        return journal.recognise(event.charge.takes, "available", "consumed")
    if isinstance(event, hold.Event):
        return _of_hold(event)
    if isinstance(event, due.Event):
        return journal.recognise((event.take,), "available", "expired", revenue=REVENUE_BREAKAGE)
    if isinstance(event, _Granted):
        return journal.issue(event.lot)
    if isinstance(event, refund.Event):
        return journal.charge_refunded(event.returned, event.absorbed)
    if isinstance(event, order.Event):
        return _of_order(event)
    if isinstance(event, membership.Event):
        return _of_membership(event)
    if isinstance(event, order_refund.Event):
        return _of_refund(event)
    if isinstance(event, reversal.Event):
        return _of_reversal(event)
    if isinstance(event, conversion.Event):
        return journal_money.converted(event)
    if isinstance(event, transfer.Event):
        return _of_transfer(event)
    if isinstance(event, control.Event):
        return ()
    if isinstance(event, closure.Event):
        return journal_money.closed(event)
    if isinstance(event, opening.Event):
        return journal_money.opened(event)
    if isinstance(event, adjustment.Event):
        return journal_money.adjusted(event)
    assert_never(event)


def _of_hold(event: hold.Event) -> Legs:
    match event:
        case hold.HoldAuthorized(hold=authorized):
            return journal.relocate(authorized.takes, "available", "held")
        case hold.HoldCaptured(charge=charge, returned=returned, absorbed=absorbed):
            return journal.recognise(
                charge.takes, "held", "consumed", returned=returned, absorbed=absorbed
            )
        case hold.HoldVoided(hold=ended) | hold.HoldExpired(hold=ended):
            return journal.hold_ended(ended.takes, event.absorbed)
        case hold.HoldExtended():
            return ()
        case _:
            assert_never(event)


def _of_order(event: order.Event) -> Legs:
    match event:
        case order.RechargePaid(order=paid, lot=lot, repaid=repaid):
            return journal_money.recharge(paid, lot, repaid)
        case order.MembershipPaid(order=paid):
            return journal_money.membership(paid, None)
        case upgrade.MembershipUpgraded(order=paid, lot=lot):
            return journal_money.membership(paid, lot)
        case order.PaymentSetAside(amount_fen=amount_fen, funds=funds, account=account):
            return ((funds, CNY, amount_fen), (account, CNY, -amount_fen))
        case order.OrderOpened() | order.OrderExpired() | order.OrderClosed():
            return ()
        case _:
            assert_never(event)


def _of_membership(event: membership.Event) -> Legs:
    match event:
        case membership.MembershipGranted(lot=lot, more=more):
            return journal.issue(lot, *more)
        case membership.MembershipEnded() | membership.MembershipCancelled():
            return ()
        case _:
            assert_never(event)


def _of_refund(event: order_refund.Event) -> Legs:
    match event:
        case order_refund.OrderRefundRequested(refund=requested):
            return journal_money.set_aside(requested)
        case order_refund.OrderRefundConfirmed(refund=confirmed):
            return journal_money.refunded(confirmed)
        case order_refund.OrderRefundFailed():
            return journal_money.refund_failed(event)
        case _:
            assert_never(event)


def _of_reversal(event: reversal.Event) -> Legs:
    match event:
        case reversal.PaymentReversed():
            return journal_money.reversed_(event)
        case reversal.PaymentRestored():
            return journal_money.restored(event)
        case _:
            assert_never(event)


def _of_transfer(event: transfer.Event) -> Legs:
    match event:
        case transfer.TransferSent():
            return journal_money.tipped(event)
        case transfer.TransferReceived():
            return journal_money.received(event)
        case transfer.PaidOut():
            return journal_money.paid_out(event)
        case transfer.TransferCompleted():
            return ()
        case _:
            assert_never(event)


def documents_after(wallet: Wallet, event: Event, at: Instant) -> Written:
    """The documents that an event writes; `wallet` is the state before it.

    Debits and captures write no charge: a charge's id names its event, and only a refund turns
    it into a document of its own.
    """
    if isinstance(event, _WithoutDocument):
        return ()
    match event:
        case hold.HoldCaptured() | hold.HoldVoided() | hold.HoldExpired():
            closed = hold.closed_hold(wallet, event, at)
            return ((("hold", closed.hold.hold_id), closed),)
        case refund.ChargeRefunded(charge=charge):
            return ((("charge", charge.charge_id), charge),)
        case (
            order.OrderOpened(order=written)
            | order.OrderExpired(order=written)
            | order.OrderClosed(order=written)
            | order.RechargePaid(order=written)
            | order.MembershipPaid(order=written)
            | upgrade.MembershipUpgraded(order=written)
            | reversal.PaymentReversed(order=written)
            | reversal.PaymentRestored(order=written)
        ):
            return (_order_document(written),)
        case closure.WalletClosed(orders=orders):
            return tuple(_order_document(order) for order in orders)
        case order.PaymentSetAside(refund=asked) if asked is not None:
            return ((("refund", asked.refund_id), asked),)
        case (
            order_refund.OrderRefundRequested(order=changed, refund=known)
            | order_refund.OrderRefundConfirmed(order=changed, refund=known)
            | order_refund.OrderRefundFailed(order=changed, refund=known)
        ):
            written_too = () if changed is None else (_order_document(changed),)
            return (*written_too, (("refund", known.refund_id), known))
        case transfer.TransferSent(transfer=moved) | transfer.TransferCompleted(transfer=moved):
            return ((("transfer", moved.transfer_id), moved),)
        case order.PaymentSetAside():
            return ()
        case _:
            assert_never(event)


def _order_document(written: Order) -> tuple[DocumentRef, Document]:
    return ("order", written.order_id), written
