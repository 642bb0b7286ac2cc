"""Explanations: why a wallet's balance is what it is, and what a charge took, cost and earned.

They add up: what an explanation tells in parts is asserted to come to what the wallet has, and to
what the books have of the charge.
"""

import asyncio
from collections.abc import Iterable, Mapping
from itertools import islice, zip_longest
from typing import Final, Literal

from msgspec import Struct

from ledger.core.batch import dues
from ledger.core.chart import (
    REVENUE_BREAKAGE,
    REVENUE_GENERATION,
    REVENUE_MEMBERSHIP,
    REVENUE_TIPS,
    VAT_PAYABLE,
)
from ledger.core.decider import Event, charge_of, evolve
from ledger.core.entries import entry_for
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.flows.conversion import Converted
from ledger.core.flows.daily_grant import DailyGranted
from ledger.core.flows.grant import LotGranted
from ledger.core.flows.hold import HoldCaptured
from ledger.core.flows.membership import MembershipGranted
from ledger.core.flows.opening import OpeningImported
from ledger.core.flows.order import RechargePaid
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.flows.reversal import PaymentRestored
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.ids import place_of_charge
from ledger.core.instants import INSTANT_MAX, Instant
from ledger.core.journal import Legs
from ledger.core.lots import spending_rank, window
from ledger.core.money import CNY
from ledger.core.purchases import Order
from ledger.core.wallet import Absorption, Charge, ClosedHold, Hold, Lot, LotTerms, Take, Wallet
from ledger.core.wire import tag_of
from ledger.engine.lane import shard_of
from ledger.engine.reading import Reading
from ledger.store import explanation, history, reads
from ledger.store.explanation import AccountName, Origin, RecordedCharge, RecordedRefund
from ledger.store.pool import Connection

UPCOMING_MAX: Final = 50
"""How many of the dues to come are shown."""

NEWEST: Final = 200
"""Among how many of a wallet's newest events a lot's origin is looked for, if nowhere else."""

Rule = Literal["expires_earlier", "free_before_paid", "older", "lower_id", "last"]
"""Why a lot is spent before the next one: the first of the rules that tells the two apart."""

_RULES: Final[tuple[Rule, ...]] = ("expires_earlier", "free_before_paid", "older", "lower_id")
_REVENUE: Final = frozenset(
    {REVENUE_BREAKAGE, REVENUE_GENERATION, REVENUE_MEMBERSHIP, REVENUE_TIPS}
)


class LotReasons(Struct, frozen=True):
    """A lot, which holds have set aside how much of it, and why it comes before `following`."""

    lot: Lot
    held_by: tuple[tuple[Hold, int], ...]
    rule: Rule
    following: LotTerms | None


class CurrencyReasons(Struct, frozen=True):
    """What a wallet has of a currency, lot by lot in spending order; amounts in minor units."""

    currency: int
    available_minor: int
    held_minor: int
    refunding_minor: int
    lots: tuple[LotReasons, ...]
    holds: tuple[Hold, ...]


class Upcoming(Struct, frozen=True):
    """An event that time alone will bring about, and when."""

    at: Instant
    event: Event


class WalletReasons(Struct, frozen=True):
    """A wallet with its dues applied in memory, and where its lots came from, by lot id.

    `orders` are those that paid for lots, by order id. `more` is to come than `upcoming` has.
    """

    wallet: Wallet
    seq: int
    as_of: Instant
    upcoming: tuple[Upcoming, ...]
    more: bool
    origins: Mapping[str, Origin]
    orders: Mapping[str, Order]


class ChargeReasons(Struct, frozen=True):
    """A charge as it was made and as it stands `now`; `refunded` is the part of each of its takes.

    `hold` is the one that it captured. `refunds` may miss some that came much later.
    """

    charge: Charge
    now: Charge
    recorded: RecordedCharge
    refunded: tuple[Take | None, ...]
    returned: tuple[Take, ...]
    absorbed: tuple[Absorption, ...]
    hold: ClosedHold | None
    refunds: tuple[RecordedRefund, ...]
    accounts: Mapping[int, AccountName]


class Explanations:
    """What one process explains."""

    def __init__(self, reading: Reading, shards: int) -> None:
        self._reading, self._shards = reading, shards

    async def explain_wallet(self, wallet_id: str) -> WalletReasons:
        """Everything there is to say of a wallet now. Raises Unavailable."""
        shard = shard_of(wallet_id, self._shards)
        async with (
            self._reading() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            snapshot = await reads.load_wallet(connection, shard, wallet_id)
            now = min(snapshot.head.now, INSTANT_MAX)
            wallet = snapshot.wallets.get(wallet_id) or Wallet(wallet_id)
            for _, event in dues(wallet, now):
                wallet = evolve(wallet, event)
            origins = await _origins(connection, shard, wallet)
            names = {lot.terms.order_id for lot in wallet.lots if lot.terms.order_id is not None}
            orders = await explanation.load_orders(connection, shard, wallet_id, sorted(names))
        seq = snapshot.seqs.get(wallet_id, 0)
        return await asyncio.to_thread(
            wallet_reasons, wallet, seq, now, origins=origins, orders=orders
        )

    async def explain_charge(self, wallet_id: str, charge_id: str) -> ChargeReasons | None:
        """Everything there is to say of a charge; None if it is none. Raises Unavailable."""
        shard, place = shard_of(wallet_id, self._shards), place_of_charge(charge_id)
        if place is None or place[0] != shard:
            return None
        async with (
            self._reading() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            recorded = await explanation.load_charge(connection, shard, wallet_id, place[1])
            charge = None if recorded is None else charge_of(recorded.event)
            if recorded is None or charge is None:
                return None
            return await _explain_charge(connection, shard, wallet_id, recorded, charge)


async def _explain_charge(
    connection: Connection, shard: int, wallet_id: str, recorded: RecordedCharge, charge: Charge
) -> ChargeReasons:
    charge_id, hold_id = charge.charge_id, charge.hold_id
    snapshot = await reads.load_document(connection, shard, wallet_id, "charge", charge_id)
    now = snapshot.documents[wallet_id, "charge", charge_id]
    assert isinstance(now, Charge), charge_id
    hold: ClosedHold | None = None
    if hold_id is not None:
        snapshot = await reads.load_document(connection, shard, wallet_id, "hold", hold_id)
        closed = snapshot.documents[wallet_id, "hold", hold_id]
        assert isinstance(closed, ClosedHold), hold_id
        hold = closed
    refunds: list[RecordedRefund] = []
    if now.refunded_minor:
        refunds = await explanation.load_refunds(
            connection, shard, wallet_id, recorded.seq, charge_id
        )
    numbers = {account for account, _, _ in recorded.legs}
    accounts = await explanation.load_account_names(connection, numbers, recorded.day)
    return charge_reasons(recorded, now, hold, tuple(refunds), accounts)


async def _origins(connection: Connection, shard: int, wallet: Wallet) -> dict[str, Origin]:
    lot_ids = {lot.terms.lot_id for lot in wallet.lots}
    origins = await explanation.load_origins(connection, shard, wallet.wallet_id, lot_ids)
    if lot_ids <= origins.keys():
        return origins
    # What the directory has not followed yet is new, so it is among the newest.
    _, newest = await history.load_entries(
        connection, shard, wallet.wallet_id, history.NO_SEQ_IS_HIGHER, NEWEST
    )
    for recorded in newest:
        event = recorded.event
        for terms in lots_made_by(event):
            origin = Origin(
                recorded.seq, tag_of(event), recorded.occurred_at, recorded.caller, recorded.reason
            )
            if terms.lot_id in lot_ids - origins.keys():
                origins[terms.lot_id] = origin
    return origins


def lots_made_by(event: Event) -> tuple[LotTerms, ...]:
    """The lots that an event brought into being."""
    match event:
        case LotGranted(lot=lot) | DailyGranted(lot=lot) | MembershipUpgraded(lot=lot):
            return (lot,)
        case MembershipGranted(lot=lot, more=more):
            return (lot, *more)
        case RechargePaid(lot=made) | PaymentRestored(lot=made) | BalanceAdjusted(lot=made):
            return () if made is None else (made,)
        case Converted(lots=lots) | OpeningImported(lots=lots):
            return lots
        case _:
            return ()


def wallet_reasons(
    wallet: Wallet,
    seq: int,
    as_of: Instant,
    *,
    origins: Mapping[str, Origin],
    orders: Mapping[str, Order],
) -> WalletReasons:
    """What there is to say of a wallet whose dues were applied up to `as_of`."""
    # What is to come is what the same functions will record then, if nothing else happens.
    coming = [Upcoming(*due) for due in islice(dues(wallet, INSTANT_MAX), UPCOMING_MAX + 1)]
    soonest, more = tuple(coming[:UPCOMING_MAX]), len(coming) > UPCOMING_MAX
    return WalletReasons(wallet, seq, as_of, soonest, more, origins, orders)


def currency_reasons(wallet: Wallet, currency: int) -> CurrencyReasons:
    """What a wallet has of one currency; its parts add up to it, or this raises AssertionError."""
    lots = [lot for lot in wallet.lots if lot.terms.currency == currency]
    holds = tuple(hold for hold in wallet.holds if hold.currency == currency)
    held_by = _held_by(holds)
    explained = tuple(
        _lot_reasons(lot, following, tuple(held_by.get(lot.terms.lot_id, ())))
        for lot, following in zip_longest(lots, lots[1:])
    )
    reasons = CurrencyReasons(
        currency,
        sum(lot.available_minor for lot in lots),
        sum(minor for lot in explained for _, minor in lot.held_by),
        sum(
            take.amount_minor
            for refund in wallet.refunds
            for take in refund.takes
            if take.lot.currency == currency
        ),
        explained,
        holds,
    )
    assert reasons.available_minor == wallet.available_minor(currency), wallet.wallet_id
    assert reasons.held_minor == wallet.held_minor(currency), wallet.wallet_id
    return reasons


def _lot_reasons(
    lot: Lot, following: Lot | None, held_by: tuple[tuple[Hold, int], ...]
) -> LotReasons:
    assert sum(minor for _, minor in held_by) == lot.held_minor, lot.terms.lot_id
    then = None if following is None else following.terms
    return LotReasons(lot, held_by, rule_between(lot.terms, then), then)


def _held_by(holds: Iterable[Hold]) -> dict[str, list[tuple[Hold, int]]]:
    parts: dict[str, list[tuple[Hold, int]]] = {}
    for hold in holds:
        for take in hold.takes:
            parts.setdefault(take.lot.lot_id, []).append((hold, take.amount_minor))
    return parts


def rule_between(lot: LotTerms, following: LotTerms | None) -> Rule:
    """The rule that has a lot spent before the one that follows it."""
    if following is None:
        return "last"
    first, then = spending_rank(lot), spending_rank(following)
    assert first < then, (lot.lot_id, following.lot_id)
    return next(
        rule for rule, here, there in zip(_RULES, first, then, strict=True) if here != there
    )


def charge_reasons(
    recorded: RecordedCharge,
    now: Charge,
    hold: ClosedHold | None,
    refunds: tuple[RecordedRefund, ...],
    accounts: Mapping[int, AccountName],
) -> ChargeReasons:
    """A charge in its parts, which add up to its entry in the books, or this raises."""
    event = recorded.event
    charge = charge_of(event)
    assert charge is not None, recorded.seq
    captured = event if isinstance(event, HoldCaptured) else None
    reasons = ChargeReasons(
        charge,
        now,
        recorded,
        _refunded(charge.takes, now.refunded_minor),
        () if captured is None else captured.returned,
        () if captured is None else captured.absorbed,
        hold,
        refunds,
        accounts,
    )
    _check_charge(reasons)
    return reasons


def _refunded(takes: tuple[Take, ...], refunded_minor: int) -> tuple[Take | None, ...]:
    """Of each take the part that was refunded: what was spent last comes back first."""
    parts = window(takes[::-1], 0, refunded_minor)
    return (None,) * (len(takes) - len(parts)) + parts[::-1]


def _check_charge(reasons: ChargeReasons) -> None:
    charge, legs = reasons.charge, reasons.recorded.legs
    assert legs == entry_for(reasons.recorded.event), charge.charge_id
    assert sum(take.amount_minor for take in charge.takes) == charge.amount_minor
    back_minor = sum(part.amount_minor for part in reasons.refunded if part is not None)
    assert back_minor == reasons.now.refunded_minor, charge.charge_id
    parts = [*charge.takes, *(absorption.take for absorption in reasons.absorbed)]
    vat_fen = sum(take.vat_fen for take in parts)
    revenue_fen = sum(take.cost_fen for take in parts) - vat_fen
    assert (revenue_fen, vat_fen) == booked_fen(legs), charge.charge_id


def booked_fen(legs: Legs) -> tuple[int, int]:
    """(revenue, VAT due) that an entry books, in fen."""
    revenue_fen = sum(-amount for account, _, amount in legs if account in _REVENUE)
    vat_fen = -sum(
        amount for account, currency, amount in legs if (account, currency) == (VAT_PAYABLE, CNY)
    )
    return revenue_fen, vat_fen


def refund_parts(refund: RecordedRefund) -> tuple[int, int]:
    """(returned to its lots, absorbed by claims) of a refund, in minor units."""
    event = refund.event
    assert isinstance(event, ChargeRefunded), refund.seq
    returned_minor = sum(take.amount_minor for take in event.returned)
    return returned_minor, event.amount_minor - returned_minor
