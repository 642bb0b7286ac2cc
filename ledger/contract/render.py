"""Rendering: events and documents of the core as answers. Pure; `codes` are currency codes."""

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from msgspec.structs import asdict, replace

from ledger.channels.contract import Instructions
from ledger.contract.answers import (
    CaptureAnswer,
    ChargeAnswer,
    DailyGrantAnswer,
    DebitAnswer,
    GrantAnswer,
    HoldAnswer,
    MembershipOrderAnswer,
    OrderAnswer,
    PaymentAnswer,
    PriceAnswer,
    RechargeOrderAnswer,
    RefundAnswer,
    TakeAnswer,
)
from ledger.core.flows.daily_grant import AlreadyClaimed, DailyGranted, claim_of
from ledger.core.flows.debit import DebitCharged
from ledger.core.flows.grant import LotGranted
from ledger.core.flows.hold import HoldCaptured
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.instants import Instant, format_instant
from ledger.core.money import format_amount
from ledger.core.purchases import MembershipGoods, Order, RechargeGoods, UpgradeGoods
from ledger.core.wallet import Charge, ClosedHold, DailyClaim, Hold, HoldStatus, Quote, Take

Codes = Mapping[int, str]
"""Currency codes by their number in the log."""


def render_debit(wallet_id: str, event: DebitCharged, codes: Codes) -> DebitAnswer:
    """The answer to a debit."""
    charge = event.charge
    return DebitAnswer(
        charge_id=charge.charge_id,
        wallet_id=wallet_id,
        currency=codes[charge.currency],
        amount=format_amount(charge.amount_minor),
        takes=render_takes(charge.takes),
        available_after=format_amount(event.available_after_minor),
        reference=charge.reference,
        quote=_price(charge.quote),
        charged_at=format_instant(charge.charged_at),
    )


def render_hold(
    wallet_id: str, hold: Hold, codes: Codes, *, status: HoldStatus = "open"
) -> HoldAnswer:
    """A hold, open unless said otherwise."""
    return HoldAnswer(
        hold_id=hold.hold_id,
        wallet_id=wallet_id,
        currency=codes[hold.currency],
        amount=format_amount(hold.amount_minor),
        status=status,
        authorized_at=format_instant(hold.authorized_at),
        expires_at=format_instant(hold.expires_at),
        takes=render_takes(hold.takes),
        reference=hold.reference,
        quote=_price(hold.quote),
        charge_id=None,
        captured=None,
    )


def render_closed_hold(wallet_id: str, closed: ClosedHold, codes: Codes) -> HoldAnswer:
    """A hold after its end."""
    answer = render_hold(wallet_id, closed.hold, codes, status=closed.status)
    if closed.status != "captured":
        return answer
    captured = format_amount(closed.captured_minor)
    return replace(answer, charge_id=closed.charge_id, captured=captured)


def render_capture(wallet_id: str, event: HoldCaptured, codes: Codes) -> CaptureAnswer:
    """The answer to a capture."""
    return CaptureAnswer(
        charge_id=event.charge.charge_id,
        hold_id=event.hold_id,
        wallet_id=wallet_id,
        currency=codes[event.charge.currency],
        captured=format_amount(event.charge.amount_minor),
        returned=format_amount(sum(take.amount_minor for take in event.returned)),
        status="captured",
    )


def render_charge(wallet_id: str, charge: Charge, codes: Codes) -> ChargeAnswer:
    """A charge, as it stands."""
    return ChargeAnswer(
        charge_id=charge.charge_id,
        wallet_id=wallet_id,
        hold_id=charge.hold_id,
        currency=codes[charge.currency],
        amount=format_amount(charge.amount_minor),
        refunded=format_amount(charge.refunded_minor),
        takes=render_takes(charge.takes),
        reference=charge.reference,
        quote=_price(charge.quote),
        charged_at=format_instant(charge.charged_at),
    )


def render_refund(wallet_id: str, event: ChargeRefunded, codes: Codes) -> RefundAnswer:
    """The answer to a refund of a charge."""
    return RefundAnswer(
        **asdict(render_charge(wallet_id, event.charge, codes)),
        refunded_now=format_amount(event.amount_minor),
        available_after=format_amount(event.available_after_minor),
    )


def render_grant(wallet_id: str, event: LotGranted, codes: Codes) -> GrantAnswer:
    """The answer to a grant."""
    lot = event.lot
    return GrantAnswer(
        lot_id=lot.lot_id,
        wallet_id=wallet_id,
        currency=codes[lot.currency],
        amount=format_amount(lot.amount_minor),
        source=lot.source,
        granted_at=format_instant(lot.granted_at),
        expires_at=moment(lot.expires_at),
    )


def render_daily_grant(event: DailyGranted | AlreadyClaimed, codes: Codes) -> DailyGrantAnswer:
    """The answer to a claim of the day's points, the first or a later one."""
    match event:
        case DailyGranted():
            return _claim(claim_of(event), codes, claimed_now=True)
        case AlreadyClaimed(claim):
            return _claim(claim, codes, claimed_now=False)
        case _:
            assert_never(event)


def _claim(claim: DailyClaim, codes: Codes, *, claimed_now: bool) -> DailyGrantAnswer:
    return DailyGrantAnswer(
        lot_id=claim.lot_id,
        currency=codes[claim.currency],
        amount=format_amount(claim.amount_minor),
        expires_at=format_instant(claim.expires_at),
        claimed_now=claimed_now,
    )


def render_order(
    wallet_id: str, order: Order, payment: Instructions | None, codes: Codes
) -> OrderAnswer:
    """An order, with how it is paid at its channel, if it can be."""
    common: dict[str, Any] = {
        "order_id": order.order_id,
        "wallet_id": wallet_id,
        "price_cny": format_amount(order.price_fen),
        "status": order.status,
        "channel": order.channel,
        "payment": render_payment(payment),
        "created_at": format_instant(order.opened_at),
        "expires_at": format_instant(order.expires_at),
        "paid_at": moment(order.paid_at),
        "paid_late": order.paid_late,
        "refunding_cny": format_amount(order.refunding_fen),
        "refunded_cny": format_amount(order.refunded_fen),
        "reversed_cny": format_amount(order.reversed_fen),
    }
    goods = order.goods
    match goods:
        case RechargeGoods():
            return RechargeOrderAnswer(
                **common,
                currency=codes[goods.currency],
                amount=format_amount(goods.amount_minor),
                claim_repaid_cny=format_amount(sum(one.amount_fen for one in order.repaid)),
            )
        case MembershipGoods() | UpgradeGoods():
            return MembershipOrderAnswer(
                **common,
                plan=goods.plan,
                period=goods.period,
                months=goods.months,
                list_price_cny=format_amount(goods.month_list_fen * goods.months),
                promotion=goods.promotion,
                upgrade_from=goods.from_plan if isinstance(goods, UpgradeGoods) else None,
            )
        case _:
            assert_never(goods)


def render_payment(instructions: Instructions | None) -> PaymentAnswer | None:
    """How an order is paid; None where it cannot be."""
    if instructions is None:
        return None
    return PaymentAnswer(instructions.channel, instructions.pay_url)


def moment(at: Instant | None) -> str | None:
    """An instant for people, if there is one."""
    return None if at is None else format_instant(at)


def optional_amount(minor: int | None) -> str | None:
    """An amount for people, if there is one."""
    return None if minor is None else format_amount(minor)


def render_takes(takes: Iterable[Take]) -> list[TakeAnswer]:
    """The slices of lots that something used."""
    return [TakeAnswer(take.lot.lot_id, format_amount(take.amount_minor)) for take in takes]


def _price(quote: Quote | None) -> PriceAnswer | None:
    if quote is None:
        return None
    return PriceAnswer(quote.sku, quote.quantity, quote.price_version)
