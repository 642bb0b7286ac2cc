"""Refund of an order: unspent value is set aside, the channel is asked, and says yes or no."""

from typing import ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core import claims
from ledger.core.claims import Claims, absorb, claims_after
from ledger.core.flows.membership import put_back
from ledger.core.gate import CHANGES, NO_GATES
from ledger.core.ids import order_id_for
from ledger.core.lots import graces_after, restore, returning, spend
from ledger.core.purchases import Membership, Order, OrderStatus, Repayment
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.removal import remove, unspent_fen
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Absorption, OrderRefund, Take, Wallet


class RefundOrder(Struct, frozen=True, omit_defaults=True, tag="refund_order"):
    """Give back money of a paid order: `amount_fen`, or all that is unspent."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.ORDER_NOT_FOUND,
        Reason.ORDER_NOT_REFUNDABLE,
        Reason.REFUND_EXCEEDS_ORDER,
        Reason.LIMIT_EXCEEDED,
    )
    draws_id: ClassVar = True
    free_text: ClassVar = "reason"
    documents: ClassVar = ("order_id",)

    wallet_id: str
    order_id: str
    reason: str
    amount_fen: int | None = None


class ConfirmRefund(Struct, frozen=True, omit_defaults=True, tag="confirm_refund"):
    """The channel paid a refund of an order back; verified before."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (Reason.REFUND_NOT_FOUND, Reason.REFUND_NOT_OPEN)
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ("refund_id", "order_id")

    wallet_id: str
    refund_id: str
    order_id: str


class FailRefund(Struct, frozen=True, omit_defaults=True, tag="fail_refund"):
    """The channel will not pay a refund of an order back; verified before."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (Reason.REFUND_NOT_FOUND, Reason.REFUND_NOT_OPEN)
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ("refund_id", "order_id")

    wallet_id: str
    refund_id: str
    order_id: str


class OrderRefundRequested(Struct, frozen=True, tag="order_refund_requested_v1"):
    """Unspent value is set aside; order, membership and claims are as they stand after."""

    order: Order
    refund: OrderRefund
    membership: Membership | None
    claims: Claims


class OrderRefundConfirmed(Struct, frozen=True, tag="order_refund_confirmed_v1"):
    """The money is back with the payer; `order` is None for a payment that bought nothing."""

    order: Order | None
    refund: OrderRefund


class OrderRefundFailed(Struct, frozen=True, tag="order_refund_failed_v1"):
    """The money stays: what was set aside returned, or was absorbed by a claim.

    Claims that the order had repaid are repaid again; `suspense_fen` could not be, for they were
    settled otherwise meanwhile.
    """

    order: Order | None
    refund: OrderRefund
    returned: tuple[Take, ...]
    absorbed: tuple[Absorption, ...]
    repaid: tuple[Repayment, ...]
    suspense_fen: int
    membership: Membership | None
    claims: Claims


Command = RefundOrder | ConfirmRefund | FailRefund
Event = OrderRefundRequested | OrderRefundConfirmed | OrderRefundFailed


def refundable_fen(wallet: Wallet, order: Order) -> int:
    """What can be given back of an order: unspent cost, ungranted months, claims it repaid.

    Not what the channel took back already: value whose claim was repaid by another order stays
    spendable, but its own money is gone.
    """
    repaid_fen = sum(repayment.amount_fen for repayment in order.repaid)
    return min(order.outstanding_fen, unspent_fen(wallet, order.order_id) + repaid_fen)


def decide(
    wallet: Wallet,
    order: Order | None,
    resolved: OrderRefund | None,
    command: Command,
    terms: Terms,
    stamp: Stamp,
) -> tuple[Event] | Rejection:
    """`order` is the one concerned, `resolved` the refund of the id named if it is settled."""
    if isinstance(command, RefundOrder):
        return _request(wallet, order, command, terms, stamp)
    refund_id = command.refund_id
    refund = wallet.refund(refund_id)
    known = refund or resolved
    if known is None or known.order_id != command.order_id:
        return rejected(Reason.REFUND_NOT_FOUND, refund_id=refund_id)
    late = isinstance(command, ConfirmRefund) and known.status == "failed"
    if refund is None and late and known.payment_id is not None:
        # The channel had reported a failure, so the money stayed payable; now it was paid.
        done = replace(known, status="confirmed", resolved_at=stamp.at)
        return (OrderRefundConfirmed(None, done),)
    if refund is None:
        return rejected(Reason.REFUND_NOT_OPEN, refund_id=refund_id, refund_status=known.status)
    match command:
        case ConfirmRefund():
            done = replace(refund, status="confirmed", resolved_at=stamp.at)
            settled = None if refund.payment_id is not None else _confirmed(order, refund)
            return (OrderRefundConfirmed(settled, done),)
        case FailRefund():
            return (_failed(wallet, order, refund, stamp),)
        case _:
            assert_never(command)


def _request(
    wallet: Wallet, order: Order | None, command: RefundOrder, terms: Terms, stamp: Stamp
) -> tuple[OrderRefundRequested] | Rejection:
    asked_fen = command.amount_fen
    if asked_fen is not None and asked_fen < 1:
        return rejected(Reason.AMOUNT_OUT_OF_RANGE, amount_fen=asked_fen)
    if order is None:
        return rejected(Reason.ORDER_NOT_FOUND, order_id=command.order_id)
    if order.paid_at is None:
        return rejected(
            Reason.ORDER_NOT_REFUNDABLE, order_id=order.order_id, order_status=order.status
        )
    most_fen = refundable_fen(wallet, order)
    amount_fen = most_fen if asked_fen is None else asked_fen
    if amount_fen > most_fen or not most_fen:
        return rejected(
            Reason.REFUND_EXCEEDS_ORDER,
            order_id=order.order_id,
            amount_fen=amount_fen,
            refundable_fen=most_fen,
        )
    if len(wallet.refunds) >= terms.refunds_max:
        return rejected(Reason.LIMIT_EXCEEDED, limit="refunds under way", most=terms.refunds_max)
    removal = remove(wallet, order.order_id, amount_fen, stamp.at)
    reopened = claims.take_part(order.repaid, amount_fen - removal.removed_fen)
    refund = OrderRefund(
        refund_id=order_id_for(stamp),
        order_id=order.order_id,
        amount_fen=amount_fen,
        channel=order.channel,
        funds=order.funds,
        requested_at=stamp.at,
        takes=removal.takes,
        term=removal.term,
        upgrade=removal.upgrade,
        reopened=reopened,
    )
    asked = replace(
        order,
        refunding_fen=order.refunding_fen + amount_fen,
        repaid=claims.without_part(order.repaid, reopened),
    )
    owed = claims.reopened(wallet.claims, reopened)
    return (OrderRefundRequested(asked, refund, removal.membership, owed),)


def _confirmed(order: Order | None, refund: OrderRefund) -> Order:
    assert order is not None, refund.order_id
    return with_status(
        replace(
            order,
            refunding_fen=order.refunding_fen - refund.amount_fen,
            refunded_fen=order.refunded_fen + refund.amount_fen,
        )
    )


def with_status(order: Order) -> Order:
    """The order with the status that its amounts mean."""
    back_fen = order.refunded_fen + order.reversed_fen
    status: OrderStatus = "refunded" if back_fen == order.price_fen else "partly_refunded"
    return replace(order, status=status if back_fen else "paid")


def _failed(
    wallet: Wallet, order: Order | None, refund: OrderRefund, stamp: Stamp
) -> OrderRefundFailed:
    failed = replace(refund, status="failed", resolved_at=stamp.at)
    if refund.payment_id is not None:
        membership = wallet.membership
        return OrderRefundFailed(None, failed, (), (), (), 0, membership, wallet.claims)
    assert order is not None, refund.order_id
    absorbed, rest = absorb(wallet.claims, refund.takes)
    owed = claims_after(wallet.claims, absorbed)
    repaid = _still_open(owed, refund.reopened)
    again_fen = sum(repayment.amount_fen for repayment in repaid)
    membership = wallet.membership
    if refund.term is not None:
        # The order's lot numbers may be used by now: months that come back have the refund's own.
        term = replace(refund.term, series=refund.refund_id, offset=0)
        membership = put_back(membership, term, stamp.at, upgrade=refund.upgrade)
    paid = replace(
        order,
        refunding_fen=order.refunding_fen - refund.amount_fen,
        repaid=(*order.repaid, *repaid),
    )
    return OrderRefundFailed(
        paid,
        failed,
        returning(wallet, rest, stamp.at),
        absorbed,
        repaid,
        sum(repayment.amount_fen for repayment in refund.reopened) - again_fen,
        membership,
        claims.repaid(owed, repaid),
    )


def _still_open(owed: Claims, reopened: tuple[Repayment, ...]) -> tuple[Repayment, ...]:
    parts = []
    for repayment in reopened:
        claim = next((claim for claim in owed if claim.order_id == repayment.order_id), None)
        if claim is not None:
            part = claims.share_of(claim, min(claim.open_fen, repayment.amount_fen))
            parts.append(part)
            owed = claims.repaid(owed, (part,))
    return tuple(parts)


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """A refund under way stays with the wallet; one that is settled is a document."""
    match event:
        case OrderRefundRequested(refund=refund, membership=membership, claims=owed):
            return replace(
                wallet,
                lots=spend(wallet, refund.takes),
                refunds=(*wallet.refunds, refund),
                membership=membership,
                claims=owed,
            )
        case OrderRefundConfirmed(refund=refund):
            return _without(wallet, refund)
        case OrderRefundFailed(refund=refund, returned=returned, membership=membership):
            return replace(
                _without(wallet, refund),
                lots=restore(wallet, returned),
                graces=graces_after(wallet, returned),
                membership=membership,
                claims=event.claims,
            )
        case _:
            assert_never(event)


def _without(wallet: Wallet, refund: OrderRefund) -> Wallet:
    refunds = tuple(other for other in wallet.refunds if other.refund_id != refund.refund_id)
    return replace(wallet, refunds=refunds)
