"""Rendering of explanations: a wallet in its parts, and why they stand as they do."""

from typing import Final

from msgspec import Struct

from ledger.contract import wording_explanation as wording
from ledger.contract.answers_explanation import (
    ExplainedConversion,
    ExplainedCurrency,
    ExplainedHold,
    ExplainedLimit,
    ExplainedLot,
    HeldByAnswer,
    LotOrderAnswer,
    OriginAnswer,
    SpendingAnswer,
    UpcomingAnswer,
    WalletExplanation,
    What,
)
from ledger.contract.calls.wallets import render_claim, status_of
from ledger.contract.shared import Codes, moment, optional_amount, render_takes
from ledger.core.decider import Event
from ledger.core.flows.due import LotExpired
from ledger.core.flows.hold import HoldExpired
from ledger.core.flows.membership import MembershipEnded, MembershipGranted
from ledger.core.flows.order import OrderExpired
from ledger.core.instants import HOUR_US, Instant, format_instant, shanghai_midnight_after
from ledger.core.limits import limit_on, use_of
from ledger.core.money import CNY, format_amount
from ledger.core.purchases import Order, RechargeGoods
from ledger.core.terms import Policy
from ledger.core.wallet import Hold
from ledger.queries.explanation import (
    CurrencyReasons,
    LotReasons,
    Upcoming,
    WalletReasons,
    currency_reasons,
)
from ledger.store.explanation import Origin

SOON_US: Final = 48 * HOUR_US
"""What comes within two days is told to come soon."""


def render_wallet_explanation(
    reasons: WalletReasons, policy: Policy, codes: Codes
) -> WalletExplanation:
    """Why the wallet's balance is what it is, every virtual currency named."""
    wallet = reasons.wallet
    currencies = [
        _currency(currency_reasons(wallet, number), reasons, policy, codes)
        for number in codes
        if number != CNY
    ]
    spending = SpendingAnswer(*wording.spending(wallet, policy))
    return WalletExplanation(
        wallet_id=wallet.wallet_id,
        as_of=format_instant(reasons.as_of),
        seq=reasons.seq,
        status=status_of(wallet),
        spending=spending,
        currencies=currencies,
        upcoming=[_upcoming(one, reasons.as_of, codes) for one in reasons.upcoming],
        upcoming_more=reasons.more,
        claims=[render_claim(claim) for claim in wallet.claims],
        claim_cny=format_amount(wallet.claim_fen()),
        payable_cny=format_amount(wallet.payable_fen),
        why=[one.why for one in currencies] + [spending.why] + wording.beside(wallet),
    )


def _currency(
    reasons: CurrencyReasons, wallet: WalletReasons, policy: Policy, codes: Codes
) -> ExplainedCurrency:
    code = codes[reasons.currency]
    soon = wallet.as_of + SOON_US
    expiring_minor = sum(
        one.lot.available_minor
        for one in reasons.lots
        if one.lot.terms.expires_at is not None and one.lot.terms.expires_at <= soon
    )
    return ExplainedCurrency(
        currency=code,
        available=format_amount(reasons.available_minor),
        held=format_amount(reasons.held_minor),
        refunding=format_amount(reasons.refunding_minor),
        expiring_48h=format_amount(expiring_minor),
        lots=[_lot(place, one, wallet) for place, one in enumerate(reasons.lots, 1)],
        holds=[_hold(hold) for hold in reasons.holds],
        limit=_limit(reasons, wallet, policy),
        conversion=_conversion(reasons.currency, wallet, policy),
        why=wording.currency(reasons, code, expiring_minor),
    )


def _lot(place: int, reasons: LotReasons, wallet: WalletReasons) -> ExplainedLot:
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
        why=wording.lot(reasons),
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


def _hold(hold: Hold) -> ExplainedHold:
    return ExplainedHold(
        hold_id=hold.hold_id,
        amount=format_amount(hold.amount_minor),
        authorized_at=format_instant(hold.authorized_at),
        expires_at=format_instant(hold.expires_at),
        reference=hold.reference,
        sku=None if hold.quote is None else hold.quote.sku,
        takes=render_takes(hold.takes),
        why=wording.hold(hold),
    )


def _limit(
    reasons: CurrencyReasons, wallet: WalletReasons, policy: Policy
) -> ExplainedLimit | None:
    limit = limit_on(wallet.wallet, policy, reasons.currency)
    if limit.day_minor is None and limit.single_minor is None:
        return None
    charged_minor = use_of(wallet.wallet, reasons.currency, wallet.as_of).charged_minor
    left_minor = None
    if limit.day_minor is not None:
        left_minor = max(0, limit.day_minor - charged_minor - reasons.held_minor)
    resets_at = format_instant(shanghai_midnight_after(wallet.as_of))
    return ExplainedLimit(
        of="wallet" if limit in wallet.wallet.limits else "house",
        day=optional_amount(limit.day_minor),
        single=optional_amount(limit.single_minor),
        charged_today=format_amount(charged_minor),
        held=format_amount(reasons.held_minor),
        left_today=optional_amount(left_minor),
        resets_at=resets_at,
        why=wording.limit(limit, charged_minor, reasons.held_minor, left_minor, resets_at),
    )


def _conversion(currency: int, wallet: WalletReasons, policy: Policy) -> ExplainedConversion | None:
    day_minor = policy.conversion_day_minor.get(currency)
    if day_minor is None:
        return None
    converted_minor = use_of(wallet.wallet, currency, wallet.as_of).converted_minor
    return ExplainedConversion(
        day=format_amount(day_minor),
        converted_today=format_amount(converted_minor),
        left_today=format_amount(max(0, day_minor - converted_minor)),
        resets_at=format_instant(shanghai_midnight_after(wallet.as_of)),
    )


class _Coming(Struct, frozen=True):
    """An event to come, as it is told: what it does to what is available, and of what."""

    what: What
    currency: int | None = None
    change_minor: int = 0
    lot_id: str | None = None
    hold_id: str | None = None
    order_id: str | None = None


def _upcoming(upcoming: Upcoming, as_of: Instant, codes: Codes) -> UpcomingAnswer:
    coming = _coming(upcoming.event)
    currency = None if coming.currency is None else codes[coming.currency]
    amount = None if currency is None else format_amount(coming.change_minor)
    return UpcomingAnswer(
        at=format_instant(upcoming.at),
        within_48h=upcoming.at <= as_of + SOON_US,
        what=coming.what,
        currency=currency,
        amount=amount,
        lot_id=coming.lot_id,
        hold_id=coming.hold_id,
        order_id=coming.order_id,
        why=wording.upcoming(upcoming.event, currency or ""),
    )


def _coming(event: Event) -> _Coming:
    match event:
        case LotExpired(take):
            lot = take.lot
            return _Coming(
                "lot_expires",
                lot.currency,
                -take.amount_minor,
                lot_id=lot.lot_id,
                order_id=lot.order_id,
            )
        case HoldExpired(hold):
            back_minor = sum(take.amount_minor for take in hold.takes)
            return _Coming("hold_expires", hold.currency, back_minor, hold_id=hold.hold_id)
        case MembershipGranted(order_id=order_id, lot=lot, more=more):
            granted_minor = sum(one.amount_minor for one in (lot, *more))
            return _Coming(
                "membership_grants",
                lot.currency,
                granted_minor,
                lot_id=lot.lot_id,
                order_id=order_id,
            )
        case OrderExpired(order):
            return _Coming("order_expires", order_id=order.order_id)
        case MembershipEnded():
            return _Coming("membership_ends")
        case _:
            raise AssertionError(f"time alone does not bring about {type(event).__name__}")
