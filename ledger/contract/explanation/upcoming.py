"""What time alone will bring about in a wallet, unless something else happens before."""

from typing import Final, Literal

from msgspec import Struct

from ledger.contract.explanation.words import Words
from ledger.contract.fields import Amount, Moment
from ledger.contract.shared import Codes
from ledger.core.decider import Event
from ledger.core.flows.due import LotExpired
from ledger.core.flows.hold import HoldExpired
from ledger.core.flows.membership import MembershipEnded, MembershipGranted
from ledger.core.flows.order import OrderExpired
from ledger.core.instants import HOUR_US, Instant, format_instant
from ledger.core.money import format_amount
from ledger.queries.explanation import Upcoming

What = Literal[
    "lot_expires", "hold_expires", "order_expires", "membership_grants", "membership_ends"
]
"""What time alone can bring about."""


class UpcomingAnswer(Struct, frozen=True):
    """What time alone will bring about; `amount` is signed, as it changes what is available."""

    at: Moment
    within_48h: bool
    what: What
    currency: str | None
    amount: Amount | None
    lot_id: str | None
    hold_id: str | None
    order_id: str | None
    why: Words


SOON_US: Final = 48 * HOUR_US
"""What falls due within two days is marked as coming soon."""


class _FutureEffect(Struct, frozen=True):
    """An event to come: the currency and minor units it changes, and the ids it names."""

    what: What
    currency: int | None = None
    change_minor: int = 0
    lot_id: str | None = None
    hold_id: str | None = None
    order_id: str | None = None


def render_upcoming(upcoming: Upcoming, as_of: Instant, codes: Codes) -> UpcomingAnswer:
    """What falls due in the wallet, and what that changes."""
    coming = _effect_of(upcoming.event)
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
        why=_upcoming_words(upcoming.event, currency or ""),
    )


def _effect_of(event: Event) -> _FutureEffect:
    match event:
        case LotExpired(take):
            lot = take.lot
            return _FutureEffect(
                "lot_expires",
                lot.currency,
                -take.amount_minor,
                lot_id=lot.lot_id,
                order_id=lot.order_id,
            )
        case HoldExpired(hold):
            back_minor = sum(take.amount_minor for take in hold.takes)
            return _FutureEffect("hold_expires", hold.currency, back_minor, hold_id=hold.hold_id)
        case MembershipGranted(order_id=order_id, lot=lot, more=more):
            granted_minor = sum(granted.amount_minor for granted in (lot, *more))
            return _FutureEffect(
                "membership_grants",
                lot.currency,
                granted_minor,
                lot_id=lot.lot_id,
                order_id=order_id,
            )
        case OrderExpired(order):
            return _FutureEffect("order_expires", order_id=order.order_id)
        case MembershipEnded():
            return _FutureEffect("membership_ends")
        case _:
            raise AssertionError(f"time alone does not bring about {type(event).__name__}")


def _upcoming_words(event: Event, code: str) -> str:
    """What will happen unless something else happens before."""
    match event:
        case LotExpired(take):
            cost = f"; it had cost {format_amount(take.cost_fen)} CNY" if take.cost_fen else ""
            return (
                f"{format_amount(take.amount_minor)} {code} of lot {take.lot.lot_id} "
                f"({take.lot.source}) expires if it is not spent before{cost}."
            )
        case HoldExpired(ended):
            return (
                f"The hold {ended.hold_id} ends unless it is captured, voided or extended before; "
                "what it set aside goes back to its lots."
            )
        case OrderExpired(order):
            return f"The order {order.order_id} closes unless it is paid before."
        case MembershipGranted(order_id=order_id):
            return f"The next month's points of the membership are granted (order {order_id})."
        case MembershipEnded(plan=plan):
            return f"The membership {plan} ends."
        case _:
            raise AssertionError(f"time alone does not bring about {type(event).__name__}")
