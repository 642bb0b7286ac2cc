"""Daily grant: free points on the first login of an Asia/Shanghai day, until its midnight."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import SPENDS
from ledger.core.ids import lot_id_for
from ledger.core.instants import shanghai_day, shanghai_midnight_after
from ledger.core.limits import lots_are_full
from ledger.core.lots import add_lot
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Now, Terms
from ledger.core.wallet import DailyClaim, LotTerms, Wallet


class ClaimDailyGrant(Struct, frozen=True, omit_defaults=True, tag="daily_grant"):
    """Claim the day's free points."""

    gates: ClassVar = SPENDS
    draws_id: ClassVar = True
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str


class DailyGranted(Struct, frozen=True, tag="daily_granted_v1"):
    """The day's points were granted; `day` is the Asia/Shanghai day number."""

    day: int
    lot: LotTerms


class AlreadyClaimed(Struct, frozen=True, tag="already_claimed"):
    """The day's points were granted before: nothing happens, the first claim is told again."""

    claim: DailyClaim


Command = ClaimDailyGrant
Event = DailyGranted


def decide(
    wallet: Wallet, _: ClaimDailyGrant, terms: Terms, now: Now
) -> tuple[DailyGranted] | AlreadyClaimed | Rejection:
    """Once per wallet and Shanghai date."""
    day = shanghai_day(now.at)
    if wallet.daily is not None and wallet.daily.day == day:
        return AlreadyClaimed(wallet.daily)
    if lots_are_full(wallet, terms):
        return rejected(Reason.LIMIT_EXCEEDED, limit="open lots", most=terms.lots_max)
    lot = LotTerms(
        lot_id=lot_id_for(now),
        currency=terms.daily_currency,
        source="daily",
        amount_minor=terms.daily_minor,
        granted_at=now.at,
        expires_at=shanghai_midnight_after(now.at),
    )
    return (DailyGranted(day, lot),)


def claim_of(event: DailyGranted) -> DailyClaim:
    """What the wallet and the answer keep of a claim."""
    lot = event.lot
    return DailyClaim(
        event.day, lot.lot_id, lot.currency, lot.amount_minor, lot.expires_at or lot.granted_at
    )


def evolve(wallet: Wallet, event: DailyGranted) -> Wallet:
    """The lot takes its place; the claim is remembered."""
    return replace(wallet, lots=add_lot(wallet, event.lot), daily=claim_of(event))
