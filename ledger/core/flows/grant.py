"""Grant: a lot without payment, promotional or compensation."""

from typing import ClassVar, Literal

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import CHANGES
from ledger.core.ids import lot_id_for
from ledger.core.instants import Instant
from ledger.core.limits import not_grantable
from ledger.core.lots import add_lot
from ledger.core.pricing import out_of_range
from ledger.core.rejections import Reason, Rejection
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import LotTerms, Wallet


class Grant(Struct, frozen=True, omit_defaults=True, tag="grant"):
    """Give a wallet points; `reason` is free text and kept apart from the log."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.EXPIRY_OUT_OF_RANGE,
        Reason.LIMIT_EXCEEDED,
    )
    draws_id: ClassVar = True
    free_text: ClassVar = "reason"
    documents: ClassVar = ()

    wallet_id: str
    currency: int
    amount_minor: int
    source: Literal["promotional", "compensation"]
    reason: str
    expires_at: Instant | None = None


class LotGranted(Struct, frozen=True, tag="lot_granted_v1"):
    """A lot was granted."""

    lot: LotTerms


Command = Grant
Event = LotGranted


def decide(
    wallet: Wallet, command: Grant, terms: Terms, stamp: Stamp
) -> tuple[LotGranted] | Rejection:
    """Refused for an amount or expiry out of range, or too many open lots."""
    if (refusal := out_of_range(terms, command.amount_minor)) is not None:
        return refusal
    if (refusal := not_grantable(wallet, command.expires_at, terms, stamp)) is not None:
        return refusal
    lot = LotTerms(
        lot_id=lot_id_for(stamp),
        currency=command.currency,
        source=command.source,
        amount_minor=command.amount_minor,
        granted_at=stamp.at,
        expires_at=command.expires_at,
    )
    return (LotGranted(lot),)


def evolve(wallet: Wallet, event: LotGranted) -> Wallet:
    """The lot takes its place in the spending order."""
    return replace(wallet, lots=add_lot(wallet, event.lot))
