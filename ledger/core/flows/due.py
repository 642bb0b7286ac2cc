"""Due first: what time alone makes happen, in the order of instant, kind and id."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import ClassVar, Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.flows import hold, membership, order
from ledger.core.gate import NO_GATES
from ledger.core.instants import INSTANT_MAX, Instant
from ledger.core.lots import all_available, spend
from ledger.core.wallet import LotTerms, Take, Wallet

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


class Agenda:
    """What falls due in a wallet up to an instant, first things first, while events change it.

    Everything is looked through once, however much falls due.
    """

    __slots__ = ("_coming", "_until")

    def __init__(self, wallet: Wallet, until: Instant) -> None:
        self._until = until
        self._coming = [coming for coming in _candidates(wallet) if coming[0] <= until]
        heapify(self._coming)

    def first(self, wallet: Wallet) -> tuple[Instant, Due] | None:
        """The first thing due in the wallet as it is now, and the instant; None if nothing is."""
        while self._coming:
            instant, kind, name = heappop(self._coming)
            event = _event(wallet, instant, kind, name)
            if event is not None:
                return instant, event
        return None

    def note(self, wallet: Wallet, event: Due) -> None:
        """Note what falls due because of an event; `wallet` is as it is after it."""
        match event:
            case hold.HoldExpired(released):
                self._add_lots(take.lot for take in released.takes)
            case membership.MembershipGranted(lot=lot, more=more):
                self._add_lots((lot, *more))
                self._add_membership(wallet)
            case membership.MembershipEnded():
                self._add_membership(wallet)
            case LotExpired() | order.OrderExpired():
                pass
            case _:
                assert_never(event)

    def _add_lots(self, lots: Iterable[LotTerms]) -> None:
        for terms in lots:
            if terms.expires_at is not None:
                self._add(terms.expires_at, _LOT, terms.lot_id)

    def _add_membership(self, wallet: Wallet) -> None:
        for coming in _membership(wallet):
            self._add(*coming)

    def _add(self, instant: Instant, kind: int, name: str) -> None:
        if instant <= self._until:
            heappush(self._coming, (instant, kind, name))


def _candidates(wallet: Wallet) -> Iterator[tuple[Instant, int, str]]:
    for open_hold in wallet.holds:
        yield open_hold.expires_at, _HOLD, open_hold.hold_id
    for lot in wallet.lots:
        if lot.available_minor and lot.terms.expires_at is not None:
            yield lot.terms.expires_at, _LOT, lot.terms.lot_id
    for pending in wallet.orders:
        yield pending.expires_at, _ORDER, pending.order_id
    yield from _membership(wallet)


def _membership(wallet: Wallet) -> Iterator[tuple[Instant, int, str]]:
    if wallet.membership is not None:
        kind = _MEMBERSHIP_GRANT if membership.granting(wallet.membership) else _MEMBERSHIP_END
        yield membership.due_at(wallet.membership), kind, ""


def _event(wallet: Wallet, instant: Instant, kind: int, name: str) -> Due | None:
    """The event of what falls due at an instant; None if it does so no longer, or later."""
    if kind == _HOLD:
        held = wallet.hold(name)
        return hold.expire(wallet, held, instant) if held and held.expires_at == instant else None
    if kind == _LOT:
        lot = next((lot for lot in wallet.lots if lot.terms.lot_id == name), None)
        is_due = lot is not None and lot.available_minor and lot.terms.expires_at == instant
        return LotExpired(all_available(lot)) if lot is not None and is_due else None
    if kind == _ORDER:
        pending = wallet.order(name)
        return None if pending is None else order.OrderExpired(replace(pending, status="closed"))
    if (instant, kind, name) not in _membership(wallet):
        return None
    assert wallet.membership is not None, wallet.wallet_id
    return membership.fall_due(wallet.membership, instant)


def evolve(wallet: Wallet, event: LotExpired) -> Wallet:
    """The expired value is gone from what is available."""
    return replace(wallet, lots=spend(wallet, (event.take,)))
