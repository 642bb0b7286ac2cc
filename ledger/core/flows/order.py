"""Orders: open a recharge or a membership at a channel, and settle what the channel confirms."""

from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.chart import REFUNDS_PAYABLE, SUSPENSE
from ledger.core.flows import membership
from ledger.core.flows.grant import lots_are_full
from ledger.core.instants import SECOND_US, Instant
from ledger.core.lots import add_lot
from ledger.core.money import vat_included
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Now, Terms
from ledger.core.wallet import (
    LotTerms,
    MembershipGoods,
    MembershipTerm,
    Order,
    RechargeGoods,
    Wallet,
)

_ORDER_ID_LENGTH = 32


class OpenRecharge(Struct, frozen=True, omit_defaults=True, tag="open_recharge"):
    """Ask to pay whole yuan for points."""

    wallet_id: str
    currency: int
    price_fen: int
    channel: str


class OpenMembership(Struct, frozen=True, omit_defaults=True, tag="open_membership"):
    """Ask to pay for a membership at its list price."""

    wallet_id: str
    plan: str
    period: str
    channel: str


class SettlePayment(Struct, frozen=True, omit_defaults=True, tag="settle_payment"):
    """A channel confirmed a payment; verified before. `payment_id` is the channel's own number."""

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


class RechargePaid(Struct, frozen=True, tag="recharge_paid_v1"):
    """A recharge was paid and made its lot."""

    order: Order
    lot: LotTerms


class MembershipPaid(Struct, frozen=True, tag="membership_paid_v1"):
    """A membership was paid; its grants fall due from now on, month by month."""

    order: Order
    term: MembershipTerm
    paid_at: Instant


class PaymentSetAside(Struct, frozen=True, tag="payment_set_aside_v1"):
    """An authentic payment that buys nothing: a wrong amount, or an order already paid.

    `account` is where finance finds it: suspense, or refunds payable.
    """

    order_id: str
    payment_id: str
    amount_fen: int
    expected_fen: int
    funds: int
    account: int


Command = OpenRecharge | OpenMembership | SettlePayment
Event = OrderOpened | OrderExpired | RechargePaid | MembershipPaid | PaymentSetAside


def decide(
    wallet: Wallet, order: Order | None, command: Command, terms: Terms, now: Now
) -> tuple[Event] | Rejection:
    """`order` is the order that a payment names, whatever its status."""
    match command:
        case OpenRecharge():
            return _open_recharge(wallet, command, terms, now)
        case OpenMembership():
            return _open_membership(wallet, command, terms, now)
        case SettlePayment():
            return _settle(order, command, now)
        case _:
            assert_never(command)


def _open_recharge(
    wallet: Wallet, command: OpenRecharge, terms: Terms, now: Now
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
    return _open(wallet, command.channel, goods, price_fen, terms, now)


def _open_membership(
    wallet: Wallet, command: OpenMembership, terms: Terms, now: Now
) -> tuple[OrderOpened] | Rejection:
    plan, months = terms.plans.get(command.plan), terms.periods.get(command.period)
    if plan is None or months is None:
        return rejected(Reason.UNKNOWN_PLAN, plan=command.plan, period=command.period)
    goods = MembershipGoods(
        plan=command.plan,
        period=command.period,
        months=months,
        currency=terms.membership_currency,
        month_minor=plan.month_minor,
        liability=terms.membership_liability,
    )
    return _open(wallet, command.channel, goods, plan.month_price_fen * months, terms, now)


def _open(
    wallet: Wallet,
    channel_name: str,
    goods: RechargeGoods | MembershipGoods,
    price_fen: int,
    terms: Terms,
    now: Now,
) -> tuple[OrderOpened] | Rejection:
    channel = terms.channels.get(channel_name)
    if channel is None:
        return rejected(Reason.UNKNOWN_CHANNEL, channel=channel_name)
    if len(wallet.orders) >= terms.orders_max:
        return rejected(Reason.LIMIT_EXCEEDED, limit="pending orders", most=terms.orders_max)
    if lots_are_full(wallet, terms):
        return rejected(Reason.LIMIT_EXCEEDED, limit="open lots", most=terms.lots_max)
    order = Order(
        order_id=order_id_for(now),
        goods=goods,
        price_fen=price_fen,
        vat_fen=vat_included(price_fen, terms.vat_bp),
        vat_bp=terms.vat_bp,
        channel=channel_name,
        funds=channel.funds,
        opened_at=now.at,
        expires_at=now.at + channel.order_ttl_s * SECOND_US,
    )
    return (OrderOpened(order),)


def order_id_for(now: Now) -> str:
    """32 of [0-9a-f], which every channel takes; the first two say the shard."""
    return f"{now.shard:02x}{now.fresh_id}"


def shard_of_order(order_id: str) -> int | None:
    """The shard that an order id carries; None if it is not one of ours."""
    well_formed = len(order_id) == _ORDER_ID_LENGTH and not order_id.strip("0123456789abcdef")
    return int(order_id[:2], 16) if well_formed else None


def _settle(
    order: Order | None, command: SettlePayment, now: Now
) -> tuple[RechargePaid | MembershipPaid | PaymentSetAside] | Rejection:
    if order is None:
        return rejected(Reason.ORDER_NOT_FOUND, order_id=command.order_id)
    if command.amount_fen != order.price_fen:
        return (_set_aside(order, command, SUSPENSE),)
    if order.status == "paid":
        return (_set_aside(order, command, REFUNDS_PAYABLE),)
    paid = replace(
        order,
        status="paid",
        payment_id=command.payment_id,
        paid_at=now.at,
        paid_late=order.status == "closed",
    )
    goods = order.goods
    match goods:
        case RechargeGoods():
            return (RechargePaid(paid, _purchased_lot(paid, goods, now)),)
        case MembershipGoods():
            return (MembershipPaid(paid, membership.term_of(paid, goods), now.at),)
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


def _purchased_lot(order: Order, goods: RechargeGoods, now: Now) -> LotTerms:
    return LotTerms(
        lot_id=f"lot-{order.order_id}",
        currency=goods.currency,
        source="purchased",
        amount_minor=goods.amount_minor,
        granted_at=now.at,
        paid=True,
        cost_fen=order.price_fen,
        vat_fen=order.vat_fen,
        vat_bp=order.vat_bp,
        liability=goods.liability,
        order_id=order.order_id,
    )


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """Pending orders stay with the wallet; paid and closed ones are documents."""
    match event:
        case OrderOpened(order):
            return replace(wallet, orders=(*wallet.orders, order))
        case OrderExpired(order):
            return _without(wallet, order)
        case RechargePaid(order, lot):
            return replace(_without(wallet, order), lots=add_lot(wallet, lot))
        case MembershipPaid(order, term, paid_at):
            return membership.begin(_without(wallet, order), term, paid_at)
        case PaymentSetAside():
            return wallet
        case _:
            assert_never(event)


def _without(wallet: Wallet, order: Order) -> Wallet:
    orders = tuple(one for one in wallet.orders if one.order_id != order.order_id)
    return replace(wallet, orders=orders)
