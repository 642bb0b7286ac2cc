"""Orders: open a recharge or a membership at a channel, let it close, settle what was paid."""

from typing import ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core import claims
from ledger.core.chart import REFUNDS_PAYABLE, SUSPENSE
from ledger.core.flows import membership, upgrade
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.gate import NO_GATES, ORDERS
from ledger.core.ids import order_id_for, recharged_lot_id_for
from ledger.core.instants import SECOND_US, Instant
from ledger.core.limits import too_many_lots
from ledger.core.lots import add_lot
from ledger.core.money import share_up_to, vat_included
from ledger.core.pricing import discounted_fen, promoted_fen, promotion_for, with_promotion_counted
from ledger.core.purchases import (
    Goods,
    MembershipGoods,
    MembershipTerm,
    Order,
    RechargeGoods,
    Repayment,
    UpgradeGoods,
)
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Channel, Promotion, Stamp, Terms
from ledger.core.wallet import LotTerms, OrderRefund, Wallet


class OpenRecharge(Struct, frozen=True, omit_defaults=True, tag="open_recharge"):
    """Open an order for points, at a price in whole yuan."""

    gates: ClassVar = ORDERS
    refusals: ClassVar = (Reason.UNKNOWN_CHANNEL, Reason.AMOUNT_OUT_OF_RANGE, Reason.LIMIT_EXCEEDED)
    draws_id: ClassVar = True
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    currency: int
    price_fen: int
    channel: str


class OpenMembership(Struct, frozen=True, omit_defaults=True, tag="open_membership"):
    """Open an order for a membership, at its list price or under a promotion.

    A higher plan than the one that runs is an upgrade of it.
    """

    gates: ClassVar = ORDERS
    refusals: ClassVar = (
        Reason.UNKNOWN_PLAN,
        Reason.UNKNOWN_CHANNEL,
        Reason.UNKNOWN_PROMOTION,
        Reason.PROMOTION_NOT_APPLICABLE,
        Reason.UPGRADE_NOT_OFFERED,
        Reason.LIMIT_EXCEEDED,
    )
    draws_id: ClassVar = True
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    plan: str
    period: str
    channel: str
    promotion: str | None = None


class CloseOrder(Struct, frozen=True, omit_defaults=True, tag="close_order"):
    """Give up an order that was not paid."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (Reason.ORDER_NOT_FOUND, Reason.ORDER_NOT_PAYABLE)
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ("order_id",)

    wallet_id: str
    order_id: str


class SettlePayment(Struct, frozen=True, omit_defaults=True, tag="settle_payment"):
    """A channel confirmed a payment; verified before. `payment_id` is the channel's own number."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (Reason.ORDER_NOT_FOUND,)
    draws_id: ClassVar = True
    free_text: ClassVar = None
    documents: ClassVar = ("order_id",)

    wallet_id: str
    order_id: str
    payment_id: str
    amount_fen: int


class OrderOpened(Struct, frozen=True, tag="order_opened_v1"):
    """An order waits for its payment."""

    order: Order


class OrderExpired(Struct, frozen=True, tag="order_expired_v1"):
    """An order was not paid in time and is closed."""

    order: Order


class OrderClosed(Struct, frozen=True, tag="order_closed_v1"):
    """An order was given up."""

    order: Order


class RechargePaid(Struct, frozen=True, omit_defaults=True, tag="recharge_paid_v1"):
    """A recharge was paid: it repaid claims first, and the rest made its lot, if there was any."""

    order: Order
    lot: LotTerms | None = None
    repaid: tuple[Repayment, ...] = ()


class MembershipPaid(Struct, frozen=True, tag="membership_paid_v1"):
    """A membership was paid; its grants fall due from now on, month by month."""

    order: Order
    term: MembershipTerm
    paid_at: Instant


class PaymentSetAside(Struct, frozen=True, omit_defaults=True, tag="payment_set_aside_v1"):
    """An authentic payment that buys nothing: a wrong amount, or an order already paid.

    `account` is where finance finds it: suspense, or refunds payable with the `refund` that
    returns it.
    """

    order_id: str
    payment_id: str
    amount_fen: int
    expected_fen: int
    funds: int
    account: int
    refund: OrderRefund | None = None


Command = OpenRecharge | OpenMembership | CloseOrder | SettlePayment
Event = (
    OrderOpened
    | OrderExpired
    | OrderClosed
    | RechargePaid
    | MembershipPaid
    | MembershipUpgraded
    | PaymentSetAside
)


def decide(
    wallet: Wallet, order: Order | None, command: Command, terms: Terms, stamp: Stamp
) -> tuple[Event] | Rejection:
    """`order` is the order that a command names, whatever its status."""
    match command:
        case OpenRecharge():
            return _open_recharge(wallet, command, terms, stamp)
        case OpenMembership():
            return _open_membership(wallet, command, terms, stamp)
        case CloseOrder():
            return _close(order, command)
        case SettlePayment():
            return _settle(wallet, order, command, stamp)
        case _:
            assert_never(command)


def _open_recharge(
    wallet: Wallet, command: OpenRecharge, terms: Terms, stamp: Stamp
) -> tuple[OrderOpened] | Rejection:
    channel = terms.channels.get(command.channel)
    if channel is None:
        return rejected(Reason.UNKNOWN_CHANNEL, channel=command.channel)
    price_fen = command.price_fen
    in_bounds = terms.recharge_min_fen <= price_fen <= terms.recharge_max_fen
    if not in_bounds or price_fen % 100:
        return rejected(
            Reason.AMOUNT_OUT_OF_RANGE,
            price_fen=price_fen,
            least_fen=terms.recharge_min_fen,
            most_fen=terms.recharge_max_fen,
        )
    currency = next(c for c in terms.currencies.values() if c.number == command.currency)
    amount_minor = price_fen // 100 * channel.minor_per_yuan
    goods = RechargeGoods(command.currency, amount_minor, currency.liability)
    order = _opened(wallet, channel, goods, price_fen, terms, stamp)
    return order if isinstance(order, Rejection) else (OrderOpened(order),)


def _open_membership(
    wallet: Wallet, command: OpenMembership, terms: Terms, stamp: Stamp
) -> tuple[OrderOpened | MembershipUpgraded] | Rejection:
    plan, months = terms.plans.get(command.plan), terms.periods.get(command.period)
    if plan is None or months is None:
        return rejected(Reason.UNKNOWN_PLAN, plan=command.plan, period=command.period)
    channel = terms.channels.get(command.channel)
    if channel is None:
        return rejected(Reason.UNKNOWN_CHANNEL, channel=command.channel)
    promotion = None
    if command.promotion is not None:
        allowed = promotion_for(wallet, terms, command.promotion, stamp.at)
        if isinstance(allowed, Rejection):
            return allowed
        promotion = allowed
    running = upgrade.completed(wallet.membership, terms)
    if running is not None and plan.rank > membership.standing(running).rank:
        if promotion is not None and not promotion.stackable:
            return rejected(
                Reason.PROMOTION_NOT_APPLICABLE, promotion=promotion.promotion, plan=command.plan
            )
        quoted = upgrade.quote(wallet, running, plan, command.period, terms)
        if isinstance(quoted, Rejection):
            return quoted
        return _open_upgrade(wallet, channel, quoted, promotion, terms, stamp)
    goods = MembershipGoods(
        plan=command.plan,
        period=command.period,
        months=months,
        currency=terms.membership_currency,
        month_minor=plan.month_minor,
        liability=terms.membership_liability,
        rank=plan.rank,
        month_list_fen=plan.month_price_fen,
        entitlements=plan.entitlements,
        promotion=command.promotion,
    )
    price_fen = plan.month_price_fen * months
    if promotion is not None:
        price_fen = promoted_fen(promotion, price_fen, command.plan, command.period)
    order = _opened(wallet, channel, goods, price_fen, terms, stamp)
    return order if isinstance(order, Rejection) else (OrderOpened(order),)


def _open_upgrade(
    wallet: Wallet,
    channel: Channel,
    goods: UpgradeGoods,
    promotion: Promotion | None,
    terms: Terms,
    stamp: Stamp,
) -> tuple[OrderOpened | MembershipUpgraded] | Rejection:
    price_fen = goods.month_list_fen * goods.months
    if promotion is not None:
        goods = replace(goods, promotion=promotion.promotion)
        price_fen = discounted_fen(promotion, price_fen)
    order = _opened(wallet, channel, goods, price_fen, terms, stamp)
    if isinstance(order, Rejection):
        return order
    if price_fen:
        return (OrderOpened(order),)
    # Nothing is to be paid, so no channel needs to confirm it.
    order = replace(order, status="paid", paid_at=stamp.at)
    return (upgrade.paid(wallet, order, goods, stamp.at),)


def _opened(
    wallet: Wallet, channel: Channel, goods: Goods, price_fen: int, terms: Terms, stamp: Stamp
) -> Order | Rejection:
    if len(wallet.orders) >= terms.orders_max:
        return rejected(Reason.LIMIT_EXCEEDED, limit="pending orders", most=terms.orders_max)
    if (refusal := too_many_lots(wallet, terms)) is not None:
        return refusal
    return Order(
        order_id=order_id_for(stamp),
        goods=goods,
        price_fen=price_fen,
        vat_fen=vat_included(price_fen, terms.vat_bp),
        vat_bp=terms.vat_bp,
        channel=channel.channel,
        funds=channel.funds,
        opened_at=stamp.at,
        expires_at=stamp.at + channel.order_ttl_s * SECOND_US,
    )


def _close(order: Order | None, command: CloseOrder) -> tuple[OrderClosed] | Rejection:
    if order is None:
        return rejected(Reason.ORDER_NOT_FOUND, order_id=command.order_id)
    if order.status != "pending":
        return rejected(
            Reason.ORDER_NOT_PAYABLE, order_id=order.order_id, order_status=order.status
        )
    return (OrderClosed(replace(order, status="closed")),)


def _settle(
    wallet: Wallet, order: Order | None, command: SettlePayment, stamp: Stamp
) -> tuple[RechargePaid | MembershipPaid | MembershipUpgraded | PaymentSetAside] | Rejection:
    if order is None:
        return rejected(Reason.ORDER_NOT_FOUND, order_id=command.order_id)
    if command.amount_fen != order.price_fen:
        return (_set_aside(order, command, SUSPENSE),)
    if order.paid_at is not None or wallet.closed_at is not None:
        return (_returned(order, command, stamp),)
    paid = replace(
        order,
        status="paid",
        payment_id=command.payment_id,
        paid_at=stamp.at,
        paid_late=order.status == "closed",
    )
    goods = order.goods
    match goods:
        case RechargeGoods():
            return (_recharged(wallet, paid, goods, stamp),)
        case MembershipGoods():
            return (MembershipPaid(paid, membership.term_of(paid, goods), stamp.at),)
        case UpgradeGoods():
            return (upgrade.paid(wallet, paid, goods, stamp.at),)
        case _:
            assert_never(goods)


def _set_aside(order: Order, command: SettlePayment, account: int) -> PaymentSetAside:
    return PaymentSetAside(
        order_id=order.order_id,
        payment_id=command.payment_id,
        amount_fen=command.amount_fen,
        expected_fen=order.price_fen,
        funds=order.funds,
        account=account,
    )


def _returned(order: Order, command: SettlePayment, stamp: Stamp) -> PaymentSetAside:
    refund = OrderRefund(
        refund_id=order_id_for(stamp),
        order_id=order.order_id,
        amount_fen=command.amount_fen,
        channel=order.channel,
        funds=order.funds,
        requested_at=stamp.at,
        payment_id=command.payment_id,
    )
    return replace(_set_aside(order, command, REFUNDS_PAYABLE), refund=refund)


def _recharged(wallet: Wallet, order: Order, goods: RechargeGoods, stamp: Stamp) -> RechargePaid:
    repaid = claims.repay(wallet.claims, order.price_fen)
    cost_fen = order.price_fen - sum(repayment.amount_fen for repayment in repaid)
    paid = replace(order, repaid=repaid)
    if not cost_fen:
        return RechargePaid(paid, None, repaid)
    lot = LotTerms(
        lot_id=recharged_lot_id_for(order.order_id),
        currency=goods.currency,
        source="purchased",
        amount_minor=share_up_to(goods.amount_minor, cost_fen, order.price_fen),
        granted_at=stamp.at,
        paid=True,
        cost_fen=cost_fen,
        vat_fen=vat_included(cost_fen, order.vat_bp),
        vat_bp=order.vat_bp,
        liability=goods.liability,
        order_id=order.order_id,
    )
    return RechargePaid(paid, lot, repaid)


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """Pending orders stay with the wallet; paid and closed ones are documents."""
    match event:
        case OrderOpened(order):
            return replace(wallet, orders=(*wallet.orders, order))
        case OrderExpired(order) | OrderClosed(order):
            return _without(wallet, order)
        case RechargePaid(order, lot, repaid):
            lots = wallet.lots if lot is None else add_lot(wallet, lot)
            owed = claims.repaid(wallet.claims, repaid)
            return replace(_without(wallet, order), lots=lots, claims=owed)
        case MembershipPaid(order, term, paid_at):
            promoted = with_promotion_counted(_without(wallet, order), order)
            return membership.begin(promoted, term, paid_at)
        case MembershipUpgraded(order=order):
            return upgrade.evolve(with_promotion_counted(_without(wallet, order), order), event)
        case PaymentSetAside(refund=refund):
            return wallet if refund is None else replace(wallet, refunds=(*wallet.refunds, refund))
        case _:
            assert_never(event)


def _without(wallet: Wallet, order: Order) -> Wallet:
    orders = tuple(other for other in wallet.orders if other.order_id != order.order_id)
    return replace(wallet, orders=orders)
