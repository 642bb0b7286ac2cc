"""Due first: what time alone makes happen, in the order of instant, kind and id."""

from collections.abc import Iterator
from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.flows import hold, membership, order
from ledger.core.gate import NO_GATES
from ledger.core.instants import INSTANT_MAX, Instant
from ledger.core.lots import all_available, spend
from ledger.core.wallet import Take, Wallet

NEVER: Final = INSTANT_MAX + 1
"""Later than any instant: nothing falls due."""


class ApplyDues(Struct, frozen=True, omit_defaults=True, tag="apply_dues"):
    """Record what has fallen due in a wallet, and nothing else.

    It comes from the ledger itself, so it has neither caller nor idempotency key.
    """

    gates: ClassVar = NO_GATES
    refusals: ClassVar = ()
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str


class DuesApplied(Struct, frozen=True, tag="dues_applied"):
    """How many events had fallen due and are recorded now. A verdict that is never remembered."""

    events: int


class LotExpired(Struct, frozen=True, tag="lot_expired_v1"):
    """What was available of a lot expired; its cost becomes breakage revenue."""

    take: Take


Command = ApplyDues
Event = LotExpired

Due = LotExpired | hold.HoldExpired | order.OrderExpired | membership.Due
"""What falls due, of whichever flow."""

_HOLD, _LOT, _MEMBERSHIP_END, _MEMBERSHIP_GRANT, _ORDER = range(5)


def next_due_at(wallet: Wallet) -> Instant:
    """When the next thing falls due; NEVER if nothing will."""
    due = NEVER
    for lot in wallet.lots:
        expires_at = lot.terms.expires_at
        if expires_at is not None and lot.available_minor:
            # Lots stand in order of expiry, so the first with something left is the earliest.
            due = expires_at
            break
    for open_hold in wallet.holds:
        if open_hold.expires_at < due:
            due = open_hold.expires_at
    for pending in wallet.orders:
        due = min(due, pending.expires_at)
    if wallet.membership is not None:
        due = min(due, membership.due_at(wallet.membership))
    return due


def first_due(wallet: Wallet, until: Instant) -> tuple[Instant, Due] | None:
    """The first thing due up to `until`, and the instant it fell due; None if nothing is."""
    if next_due_at(wallet) > until:
        return None
    instant, kind, name = min(_candidates(wallet))
    return instant, _event(wallet, instant, kind, name)


def _candidates(wallet: Wallet) -> Iterator[tuple[Instant, int, str]]:
    for open_hold in wallet.holds:
        yield open_hold.expires_at, _HOLD, open_hold.hold_id
    for lot in wallet.lots:
        if lot.available_minor and lot.terms.expires_at is not None:
            yield lot.terms.expires_at, _LOT, lot.terms.lot_id
    for pending in wallet.orders:
        yield pending.expires_at, _ORDER, pending.order_id
    if wallet.membership is not None:
        kind = _MEMBERSHIP_GRANT if membership.granting(wallet.membership) else _MEMBERSHIP_END
        yield membership.due_at(wallet.membership), kind, ""


def _event(wallet: Wallet, instant: Instant, kind: int, name: str) -> Due:
    if kind == _HOLD:
        return hold.expire(wallet, next(h for h in wallet.holds if h.hold_id == name), instant)
    if kind == _LOT:
        return LotExpired(
            all_available(next(lot for lot in wallet.lots if lot.terms.lot_id == name))
        )
    if kind == _ORDER:
        pending = next(o for o in wallet.orders if o.order_id == name)
        return order.OrderExpired(replace(pending, status="closed"))
    assert wallet.membership is not None, wallet.wallet_id
    return membership.fall_due(wallet.membership, instant)


def evolve(wallet: Wallet, event: LotExpired) -> Wallet:
    """The expired value is gone from what is available."""
    return replace(wallet, lots=spend(wallet, (event.take,)))
