"""Holds: authorize value for a job, then capture, void or extend it, or let it expire."""

from typing import ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.claims import absorb, claims_after
from ledger.core.gate import GENERATES, NO_GATES
from ledger.core.ids import charge_id_for, hold_id_for
from ledger.core.instants import SECOND_US, Instant
from ledger.core.limits import insufficient_funds, over_limit, used_after
from ledger.core.lots import (
    consume,
    graces_after,
    release,
    reserve,
    returning,
    takes_for,
    window,
)
from ledger.core.pricing import priced
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Absorption, Charge, ClosedHold, Hold, Take, Wallet

HOLD_TTL_MAX_S = 604_800
"""A week: the longest a hold may run from now."""


class AuthorizeHold(Struct, frozen=True, omit_defaults=True, tag="authorize_hold"):
    """Set value aside: an amount of a currency, or `quantity` of a SKU at its price."""

    gates: ClassVar = GENERATES
    refusals: ClassVar = (
        Reason.UNKNOWN_SKU,
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.EXPIRY_OUT_OF_RANGE,
        Reason.HOLD_EXISTS,
        Reason.LIMIT_EXCEEDED,
        Reason.INSUFFICIENT_FUNDS,
    )
    draws_id: ClassVar = True
    free_text: ClassVar = None
    documents: ClassVar = ("hold_id",)

    wallet_id: str
    currency: int | None = None
    amount_minor: int | None = None
    sku: str | None = None
    quantity: int = 1
    hold_id: str | None = None
    expires_in_s: int = 3_600
    reference: str | None = None


class CaptureHold(Struct, frozen=True, omit_defaults=True, tag="capture_hold"):
    """Charge a hold, in part or (without amount) in full; this closes it."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.HOLD_NOT_FOUND,
        Reason.HOLD_NOT_OPEN,
        Reason.CAPTURE_EXCEEDS_HOLD,
    )
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ("hold_id",)

    wallet_id: str
    hold_id: str
    amount_minor: int | None = None


class VoidHold(Struct, frozen=True, omit_defaults=True, tag="void_hold"):
    """Void a hold: end it without a charge, so that its takes return to their lots."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (Reason.HOLD_NOT_FOUND, Reason.HOLD_NOT_OPEN)
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ("hold_id",)

    wallet_id: str
    hold_id: str


class ExtendHold(Struct, frozen=True, omit_defaults=True, tag="extend_hold"):
    """Let a hold expire `expires_in_s` seconds from now instead."""

    gates: ClassVar = NO_GATES
    refusals: ClassVar = (Reason.EXPIRY_OUT_OF_RANGE, Reason.HOLD_NOT_FOUND, Reason.HOLD_NOT_OPEN)
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ("hold_id",)

    wallet_id: str
    hold_id: str
    expires_in_s: int


class HoldAuthorized(Struct, frozen=True, tag="hold_authorized_v1"):
    """Value was set aside."""

    hold: Hold


class HoldCaptured(Struct, frozen=True, omit_defaults=True, tag="hold_captured_v1"):
    """A hold was charged; `returned` went back to its own lots, `absorbed` reduced claims."""

    hold_id: str
    charge: Charge
    returned: tuple[Take, ...] = ()
    absorbed: tuple[Absorption, ...] = ()


class HoldVoided(Struct, frozen=True, omit_defaults=True, tag="hold_voided_v1"):
    """A hold was voided; its takes returned with the expiry they carry.

    `absorbed` reduced claims instead of returning.
    """

    hold: Hold
    absorbed: tuple[Absorption, ...] = ()


class HoldExpired(Struct, frozen=True, omit_defaults=True, tag="hold_expired_v1"):
    """A hold expired; its takes returned with the expiry they carry.

    `absorbed` reduced claims instead of returning.
    """

    hold: Hold
    absorbed: tuple[Absorption, ...] = ()


class HoldExtended(Struct, frozen=True, tag="hold_extended_v1"):
    """A hold expires later, or sooner, than it did."""

    hold: Hold


Command = AuthorizeHold | CaptureHold | VoidHold | ExtendHold
Event = HoldAuthorized | HoldCaptured | HoldVoided | HoldExpired | HoldExtended


def decide(
    wallet: Wallet, closed: ClosedHold | None, command: Command, terms: Terms, stamp: Stamp
) -> tuple[Event] | Rejection:
    """`closed` is the closed hold of the id that the command names, if there is one."""
    if isinstance(command, AuthorizeHold):
        return _authorize(wallet, closed, command, terms, stamp)
    if (refusal := _out_of_range(command)) is not None:
        return refusal
    hold = wallet.hold(command.hold_id)
    if hold is None:
        return _not_open(closed, command.hold_id)
    match command:
        case CaptureHold():
            return _capture(wallet, hold, command, stamp)
        case VoidHold():
            return (HoldVoided(*_released(wallet, hold, stamp.at, expiry_first=True)),)
        case ExtendHold():
            return _extend(hold, command, stamp)
        case _:
            assert_never(command)


def _out_of_range(command: CaptureHold | VoidHold | ExtendHold) -> Rejection | None:
    match command:
        case CaptureHold(amount_minor=amount_minor):
            if amount_minor is not None and amount_minor < 1:
                return rejected(Reason.AMOUNT_OUT_OF_RANGE, amount_minor=amount_minor)
        case ExtendHold(expires_in_s=expires_in_s):
            return _expiry_out_of_range(expires_in_s)
        case VoidHold():
            pass
        case _:
            assert_never(command)
    return None


def _expiry_out_of_range(expires_in_s: int) -> Rejection | None:
    if 1 <= expires_in_s <= HOLD_TTL_MAX_S:
        return None
    return rejected(Reason.EXPIRY_OUT_OF_RANGE, expires_in_s=expires_in_s, most_s=HOLD_TTL_MAX_S)


def _not_open(closed: ClosedHold | None, hold_id: str) -> Rejection:
    if closed is None:
        return rejected(Reason.HOLD_NOT_FOUND, hold_id=hold_id)
    return rejected(Reason.HOLD_NOT_OPEN, hold_id=hold_id, hold_status=closed.status)


def _authorize(
    wallet: Wallet, closed: ClosedHold | None, command: AuthorizeHold, terms: Terms, stamp: Stamp
) -> tuple[HoldAuthorized] | Rejection:
    price = priced(terms, command.currency, command.amount_minor, command.sku, command.quantity)
    if isinstance(price, Rejection):
        return price
    if (refusal := _expiry_out_of_range(command.expires_in_s)) is not None:
        return refusal
    hold_id = command.hold_id or hold_id_for(stamp)
    if closed is not None or wallet.hold(hold_id) is not None:
        return rejected(Reason.HOLD_EXISTS, hold_id=hold_id)
    if len(wallet.holds) >= terms.holds_max:
        return rejected(Reason.LIMIT_EXCEEDED, limit="open holds", most=terms.holds_max)
    currency, amount_minor, quote = price
    if (refusal := over_limit(wallet, terms, currency, amount_minor, stamp.at)) is not None:
        return refusal
    takes = takes_for(wallet, currency, amount_minor)
    if takes is None:
        return insufficient_funds(wallet, currency, amount_minor)
    expires_at = stamp.at + command.expires_in_s * SECOND_US
    hold = Hold(
        hold_id, currency, amount_minor, takes, stamp.at, expires_at, command.reference, quote
    )
    return (HoldAuthorized(hold),)


def _capture(
    wallet: Wallet, hold: Hold, command: CaptureHold, stamp: Stamp
) -> tuple[HoldCaptured] | Rejection:
    amount_minor = hold.amount_minor if command.amount_minor is None else command.amount_minor
    if amount_minor > hold.amount_minor:
        return rejected(
            Reason.CAPTURE_EXCEEDS_HOLD,
            hold_id=hold.hold_id,
            amount_minor=amount_minor,
            held_minor=hold.amount_minor,
        )
    charge = Charge(
        charge_id=charge_id_for(stamp),
        currency=hold.currency,
        amount_minor=amount_minor,
        takes=window(hold.takes, 0, amount_minor),
        charged_at=stamp.at,
        hold_id=hold.hold_id,
        reference=hold.reference,
        quote=hold.quote,
    )
    absorbed, rest = absorb(wallet.claims, window(hold.takes, amount_minor, hold.amount_minor))
    return (HoldCaptured(hold.hold_id, charge, returning(wallet, rest, stamp.at), absorbed),)


def _extend(hold: Hold, command: ExtendHold, stamp: Stamp) -> tuple[HoldExtended]:
    expires_at = stamp.at + command.expires_in_s * SECOND_US
    return (HoldExtended(replace(hold, expires_at=expires_at)),)


def _released(
    wallet: Wallet, hold: Hold, at: Instant, *, expiry_first: bool
) -> tuple[Hold, tuple[Absorption, ...]]:
    """(the hold with the takes that return to lots, the takes that reduce claims instead)."""
    absorbed, rest = absorb(wallet.claims, hold.takes)
    takes = returning(wallet, rest, at, expiry_first=expiry_first)
    return replace(hold, takes=takes), absorbed


def expire(wallet: Wallet, hold: Hold, at: Instant) -> HoldExpired:
    """The event of a hold that falls due at `at`."""
    return HoldExpired(*_released(wallet, hold, at, expiry_first=False))


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """Lots and holds after the event."""
    match event:
        case HoldAuthorized(hold):
            return replace(wallet, lots=reserve(wallet, hold.takes), holds=(*wallet.holds, hold))
        case HoldCaptured(hold_id, charge, returned, absorbed):
            captured = replace(
                wallet,
                lots=consume(wallet, charge.takes),
                used=used_after(
                    wallet, charge.currency, charge.charged_at, charged=charge.amount_minor
                ),
            )
            return _without(captured, hold_id, returned, absorbed)
        case HoldVoided(hold, absorbed) | HoldExpired(hold, absorbed):
            return _without(wallet, hold.hold_id, hold.takes, absorbed)
        case HoldExtended(hold):
            holds = tuple(hold if h.hold_id == hold.hold_id else h for h in wallet.holds)
            return replace(wallet, holds=holds)
        case _:
            assert_never(event)


def _without(
    wallet: Wallet, hold_id: str, returned: tuple[Take, ...], absorbed: tuple[Absorption, ...]
) -> Wallet:
    if absorbed:
        gone = tuple(absorption.take for absorption in absorbed)
        claims = claims_after(wallet.claims, absorbed)
        wallet = replace(wallet, lots=consume(wallet, gone), claims=claims)
    return replace(
        wallet,
        lots=release(wallet, returned) if returned else wallet.lots,
        holds=tuple(hold for hold in wallet.holds if hold.hold_id != hold_id),
        graces=graces_after(wallet, returned),
    )


def closed_hold(
    wallet: Wallet, event: HoldCaptured | HoldVoided | HoldExpired, at: Instant
) -> ClosedHold:
    """The document that the end of a hold leaves; `wallet` is the state before it."""
    match event:
        case HoldCaptured(hold_id, charge):
            hold = wallet.hold(hold_id)
            assert hold is not None, hold_id
            return ClosedHold(hold, "captured", at, charge.charge_id, charge.amount_minor)
        case HoldVoided(hold=hold):
            return ClosedHold(hold, "voided", at)
        case HoldExpired(hold=hold):
            return ClosedHold(hold, "expired", at)
        case _:
            assert_never(event)
