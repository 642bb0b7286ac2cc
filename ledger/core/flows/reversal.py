"""Reversal: a channel takes a payment back on its own, by refund or chargeback, or restores it.

What is left of the order's value goes first, then what adjustments took away of it and is still in
suspense; for what was spent, revenue and VAT are reversed and the user owes a claim.
"""

from typing import ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core import claims
from ledger.core.chart import (
    LIABILITY_KUAIBI,
    REVENUE_GENERATION,
    REVENUE_MEMBERSHIP,
    REVENUE_TIPS,
)
from ledger.core.claims import Claims
from ledger.core.flows.adjustment import with_adjusted
from ledger.core.flows.order_refund import with_status
from ledger.core.gate import NO_GATES
from ledger.core.ids import restored_lot_id_for
from ledger.core.lots import add_lot, spend
from ledger.core.money import share_up_to, vat_included
from ledger.core.purchases import Claim, Membership, MembershipTerm, Order, RechargeGoods, Repayment
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.removal import remove
from ledger.core.terms import Stamp
from ledger.core.wallet import LotTerms, Take, Wallet


class ReversePayment(Struct, frozen=True, omit_defaults=True, tag="reverse_payment"):
    """A channel took back money of a payment without our asking; verified before.

    `reversal_id` is the channel's own number.
    """

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.ORDER_NOT_FOUND,
        Reason.ORDER_NOT_REFUNDABLE,
    )
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ("order_id",)

    wallet_id: str
    order_id: str
    reversal_id: str
    amount_fen: int


class RestorePayment(Struct, frozen=True, omit_defaults=True, tag="restore_payment"):
    """A channel gave back what it had taken: a refund reversed, a dispute won; verified before."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.ORDER_NOT_FOUND,
        Reason.ORDER_NOT_REFUNDABLE,
    )
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ("order_id",)

    wallet_id: str
    order_id: str
    reversal_id: str
    amount_fen: int


class PaymentReversed(Struct, frozen=True, omit_defaults=True, tag="payment_reversed_v1"):
    """Money went back to the payer: out of lots, months, claims repaid, and then a new claim.

    `suspense_fen` is more than was outstanding of the order, `adjusted_fen` comes out of what
    adjustments had taken away of it; membership and claims are those after.
    """

    order: Order
    reversal_id: str
    amount_fen: int
    takes: tuple[Take, ...]
    term: MembershipTerm | None
    reopened: tuple[Repayment, ...]
    claim: Claim | None
    suspense_fen: int
    membership: Membership | None
    claims: Claims
    adjusted_fen: int = 0


class PaymentRestored(Struct, frozen=True, omit_defaults=True, tag="payment_restored_v1"):
    """Money came back: it cancels what is unpaid of the claim, and the rest is a paid lot.

    But `adjusted_fen` of it, which adjustments had taken away, is in suspense again.
    """

    order: Order
    reversal_id: str
    amount_fen: int
    cancelled: Repayment | None
    lot: LotTerms | None
    suspense_fen: int
    claims: Claims
    adjusted_fen: int = 0


Command = ReversePayment | RestorePayment
Event = PaymentReversed | PaymentRestored


def decide(
    wallet: Wallet, order: Order | None, command: Command, stamp: Stamp
) -> tuple[Event] | Rejection:
    """Money that moved at a channel is booked, whatever the wallet can give for it."""
    if command.amount_fen < 1:
        return rejected(Reason.AMOUNT_OUT_OF_RANGE, amount_fen=command.amount_fen)
    if order is None:
        return rejected(Reason.ORDER_NOT_FOUND, order_id=command.order_id)
    if order.paid_at is None:
        return rejected(
            Reason.ORDER_NOT_REFUNDABLE, order_id=order.order_id, order_status=order.status
        )
    match command:
        case ReversePayment():
            return (_reverse(wallet, order, command, stamp),)
        case RestorePayment():
            return (_restore(wallet, order, command, stamp),)
        case _:
            assert_never(command)


def _reverse(
    wallet: Wallet, order: Order, command: ReversePayment, stamp: Stamp
) -> PaymentReversed:
    known_fen = min(command.amount_fen, order.outstanding_fen)
    removal = remove(wallet, order.order_id, known_fen, stamp.at)
    reopened = claims.take_part(order.repaid, known_fen - removal.removed_fen)
    owed_fen = known_fen - removal.removed_fen - sum(repayment.amount_fen for repayment in reopened)
    adjusted_fen = min(owed_fen, wallet.adjusted_fen.get(order.order_id, 0))
    claim = _claim(order, owed_fen - adjusted_fen)
    owed = claims.reopened(wallet.claims, reopened)
    taken = replace(
        order,
        reversed_fen=order.reversed_fen + known_fen,
        reversed_adjusted_fen=order.reversed_adjusted_fen + adjusted_fen,
        repaid=claims.without_part(order.repaid, reopened),
    )
    return PaymentReversed(
        with_status(taken),
        command.reversal_id,
        command.amount_fen,
        removal.takes,
        removal.term,
        reopened,
        claim,
        command.amount_fen - known_fen,
        removal.membership,
        owed if claim is None else claims.owing(owed, claim),
        adjusted_fen,
    )


def _claim(order: Order, owed_fen: int) -> Claim | None:
    if not owed_fen:
        return None
    vat_fen = share_up_to(order.vat_fen, owed_fen, order.price_fen)
    goods = order.goods
    revenue = REVENUE_MEMBERSHIP
    if isinstance(goods, RechargeGoods):
        revenue = claim_revenue(goods.liability)
    return Claim(order.order_id, owed_fen, vat_fen, revenue)


def claim_revenue(liability: int) -> int:
    """The revenue account that value of a currency is spent to, by its liability account."""
    return REVENUE_TIPS if liability == LIABILITY_KUAIBI else REVENUE_GENERATION


def _restore(
    wallet: Wallet, order: Order, command: RestorePayment, stamp: Stamp
) -> PaymentRestored:
    known_fen = min(command.amount_fen, order.reversed_fen)
    claim = wallet.claim(order.order_id)
    cancelled = None
    if claim is not None and known_fen:
        cancelled = claims.share_of(claim, min(known_fen, claim.open_fen))
    parts = () if cancelled is None else (cancelled,)
    rest_fen = known_fen - sum(part.amount_fen for part in parts)
    adjusted_fen = min(rest_fen, order.reversed_adjusted_fen)
    lot_fen = rest_fen - adjusted_fen
    restored = replace(
        order,
        reversed_fen=order.reversed_fen - known_fen,
        reversed_adjusted_fen=order.reversed_adjusted_fen - adjusted_fen,
    )
    return PaymentRestored(
        with_status(restored),
        command.reversal_id,
        command.amount_fen,
        cancelled,
        _lot(order, lot_fen, stamp) if lot_fen else None,
        command.amount_fen - known_fen,
        claims.repaid(wallet.claims, parts),
        adjusted_fen,
    )


def _lot(order: Order, cost_fen: int, stamp: Stamp) -> LotTerms:
    goods = order.goods
    recharge = isinstance(goods, RechargeGoods)
    points_minor = (
        goods.amount_minor if isinstance(goods, RechargeGoods) else goods.month_minor * goods.months
    )
    return LotTerms(
        lot_id=restored_lot_id_for(order.order_id, stamp),
        currency=goods.currency,
        source="purchased" if recharge else "membership",
        amount_minor=max(1, share_up_to(points_minor, cost_fen, order.price_fen)),
        granted_at=stamp.at,
        paid=True,
        cost_fen=cost_fen,
        vat_fen=vat_included(cost_fen, order.vat_bp),
        vat_bp=order.vat_bp,
        liability=goods.liability,
        order_id=order.order_id,
    )


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """Lots, membership, claims and what is in suspense after the money moved."""
    order_id = event.order.order_id
    match event:
        case PaymentReversed(takes=takes, membership=membership):
            return replace(
                wallet,
                lots=spend(wallet, takes),
                membership=membership,
                claims=event.claims,
                adjusted_fen=with_adjusted(wallet.adjusted_fen, order_id, -event.adjusted_fen),
            )
        case PaymentRestored(lot=lot):
            lots = wallet.lots if lot is None else add_lot(wallet, lot)
            return replace(
                wallet,
                lots=lots,
                claims=event.claims,
                adjusted_fen=with_adjusted(wallet.adjusted_fen, order_id, event.adjusted_fen),
            )
        case _:
            assert_never(event)
