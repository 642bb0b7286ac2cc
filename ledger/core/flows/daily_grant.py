"""Daily grant: free points on the first login of an Asia/Shanghai day, until its midnight."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import SPENDS
from ledger.core.ids import lot_id_for
from ledger.core.instants import shanghai_day, shanghai_midnight_after
from ledger.core.limits import too_many_lots
from ledger.core.lots import add_lot
from ledger.core.rejections import Reason, Rejection
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import DailyTaken, LotTerms, Wallet


class TakeDailyGrant(Struct, frozen=True, omit_defaults=True, tag="daily_grant"):
    """Take the daily grant: the free points of the Shanghai day."""

    gates: ClassVar = SPENDS
    refusals: ClassVar = (Reason.LIMIT_EXCEEDED,)
    draws_id: ClassVar = True
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str


class DailyGranted(Struct, frozen=True, tag="daily_granted_v1"):
    """The day's points were granted; `day` is the Asia/Shanghai day number."""

    day: int
    lot: LotTerms


class AlreadyTaken(Struct, frozen=True, tag="already_claimed"):
    """The daily grant was taken before on this Shanghai day: nothing happens.

    `claim` is the grant that was taken.
    """

    claim: DailyTaken


Command = TakeDailyGrant
Event = DailyGranted


def decide(
    wallet: Wallet, _: TakeDailyGrant, terms: Terms, stamp: Stamp
) -> tuple[DailyGranted] | AlreadyTaken | Rejection:
    """Once per wallet and Shanghai date."""
    day = shanghai_day(stamp.at)
    if wallet.daily is not None and wallet.daily.day == day:
        return AlreadyTaken(wallet.daily)
    if (refusal := too_many_lots(wallet, terms)) is not None:
        return refusal
    lot = LotTerms(
        lot_id=lot_id_for(stamp),
        currency=terms.daily_currency,
        source="daily",
        amount_minor=terms.daily_minor,
        granted_at=stamp.at,
        expires_at=shanghai_midnight_after(stamp.at),
    )
    return (DailyGranted(day, lot),)


def daily_taken_of(event: DailyGranted) -> DailyTaken:
    """The daily grant as the wallet remembers it."""
    lot = event.lot
    return DailyTaken(
        event.day, lot.lot_id, lot.currency, lot.amount_minor, lot.expires_at or lot.granted_at
    )


def evolve(wallet: Wallet, event: DailyGranted) -> Wallet:
    """The lot takes its place in the spending order; the wallet remembers the day."""
    return replace(wallet, lots=add_lot(wallet, event.lot), daily=daily_taken_of(event))
