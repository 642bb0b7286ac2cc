"""An explained lot: its place in the order of spending, where it came from, what holds it."""

from typing import Literal, assert_never

from msgspec import Struct

from ledger.contract.explanation.words import Words, expiry_words
from ledger.contract.fields import Amount, Moment
from ledger.contract.shared import moment
from ledger.core.chart import Source
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.purchases import Order, OrderStatus, RechargeGoods
from ledger.core.wallet import Lot, LotTerms
from ledger.queries.explanation import LotReasons, Rule, WalletReasons
from ledger.store.explanation import Origin


class OriginAnswer(Struct, frozen=True):
    """The event that made a lot; `caller` is null for what fell due by itself.

    `reason` is what its caller said, null where nothing was said or it was erased.
    """

    seq: int
    type: str
    at: Moment
    caller: str | None
    reason: str | None


class LotOrderAnswer(Struct, frozen=True):
    """The order that paid for a lot; `price_cny` bought all of it, `promotion` is why so cheap."""

    order_id: str
    kind: Literal["recharge", "membership"]
    status: OrderStatus
    channel: str
    price_cny: Amount
    promotion: str | None
    payment_id: str | None


class HeldByAnswer(Struct, frozen=True):
    """How much of a lot a hold has set aside, and until when at most."""

    hold_id: str
    amount: Amount
    expires_at: Moment


class ExplainedLot(Struct, frozen=True):
    """A lot at its `place` in the order of spending, and the `rule` that puts it before the next.

    `cost_cny`, with `vat_cny` in it, was paid for all that was `granted`; `cost_left_cny` is the
    part that belongs to what is available. `extended` says that the expiry is the one extension
    that paid value gets. `origin` is null while the directory has not followed so far, `order`
    where nobody paid or another system was paid.
    """

    place: int
    lot_id: str
    available: Amount
    held: Amount
    held_by: list[HeldByAnswer]
    source: Source
    paid: bool
    granted: Amount
    cost_cny: Amount
    vat_cny: Amount
    cost_left_cny: Amount
    granted_at: Moment
    expires_at: Moment | None
    extended: bool
    origin: OriginAnswer | None
    order_id: str | None
    order: LotOrderAnswer | None
    rule: Rule
    why: Words


def render_explained_lot(place: int, reasons: LotReasons, wallet: WalletReasons) -> ExplainedLot:
    """A lot at its place in the order of spending."""
    lot, terms = reasons.lot, reasons.lot.terms
    order = wallet.orders.get(terms.order_id or "")
    return ExplainedLot(
        place=place,
        lot_id=terms.lot_id,
        available=format_amount(lot.available_minor),
        held=format_amount(lot.held_minor),
        held_by=[
            HeldByAnswer(hold.hold_id, format_amount(minor), format_instant(hold.expires_at))
            for hold, minor in reasons.held_by
        ],
        source=terms.source,
        paid=terms.paid,
        granted=format_amount(terms.amount_minor),
        cost_cny=format_amount(terms.cost_fen),
        vat_cny=format_amount(terms.vat_fen),
        cost_left_cny=format_amount(lot.cost_left_fen),
        granted_at=format_instant(terms.granted_at),
        expires_at=moment(terms.expires_at),
        extended=terms.graced,
        origin=_origin(wallet.origins.get(terms.lot_id)),
        order_id=terms.order_id,
        order=None if order is None else _order(order),
        rule=reasons.rule,
        why=_lot_words(reasons),
    )


def _origin(origin: Origin | None) -> OriginAnswer | None:
    if origin is None:
        return None
    return OriginAnswer(
        seq=origin.seq,
        type=origin.tag.rpartition("_v")[0],
        at=format_instant(origin.occurred_at),
        caller=origin.caller or None,
        reason=origin.reason,
    )


def _order(order: Order) -> LotOrderAnswer:
    goods = order.goods
    recharge = isinstance(goods, RechargeGoods)
    return LotOrderAnswer(
        order_id=order.order_id,
        kind="recharge" if recharge else "membership",
        status=order.status,
        channel=order.channel,
        price_cny=format_amount(order.price_fen),
        promotion=None if isinstance(goods, RechargeGoods) else goods.promotion,
        payment_id=order.payment_id,
    )


def _lot_words(reasons: LotReasons) -> str:
    """Why a lot stands where it stands."""
    terms, following = reasons.lot.terms, reasons.following
    order = _order_words(terms, following, reasons)
    extended = " Its expiry is the one extension that paid points get." if terms.graced else ""
    return f"{order}{_held_words(reasons.lot)}{extended}"


def _order_words(terms: LotTerms, following: LotTerms | None, reasons: LotReasons) -> str:
    if following is None:
        return "No lot of its currency is spent after it."
    name = f"Spent before {following.lot_id}: "
    match reasons.rule:
        case "expires_earlier":
            then = following.expires_at
            other = "the other one never does" if then is None else f"not {format_instant(then)}"
            return (
                f"{name}what expires first goes first; it expires {expiry_words(terms)}, {other}."
            )
        case "free_before_paid":
            return f"{name}{_expiry_tie(terms)}, and what was given goes before what was paid for."
        case "older":
            since = (
                f"{format_instant(terms.granted_at)}, not {format_instant(following.granted_at)}"
            )
            return f"{name}{_expiry_tie(terms)}, and the older goes first; it was granted {since}."
        case "lower_id":
            return f"{name}they are alike in every way, and so their ids decide."
        case "last":
            raise AssertionError(f"{terms.lot_id} is not the last")
        case _:
            assert_never(reasons.rule)


def _expiry_tie(terms: LotTerms) -> str:
    return "neither expires" if terms.expires_at is None else "both expire at the same time"


def _held_words(lot: Lot) -> str:
    if not lot.held_minor:
        return ""
    held = format_amount(lot.held_minor)
    if not lot.available_minor:
        return f" Holds have set all that is left of it aside, {held}."
    return f" Holds have set {held} of it aside; the rest can be spent."
