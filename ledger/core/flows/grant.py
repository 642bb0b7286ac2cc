"""Grant: a lot without payment, promotional or compensation."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.instants import INSTANT_MAX, Instant
from ledger.core.lots import add_lot
from ledger.core.pricing import out_of_range
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Now, Terms
from ledger.core.wallet import LotTerms, Wallet


class Grant(Struct, frozen=True, omit_defaults=True, tag="grant"):
    """Give a wallet points; `reason` is free text and kept apart from the log."""

    wallet_id: str
    currency: int
    amount_minor: int
    source: Literal["promotional", "compensation"]
    reason: str
    expires_at: Instant | None = None


class LotGranted(Struct, frozen=True, tag="lot_granted_v1"):
    """A lot was granted."""

    lot: LotTerms


def decide(wallet: Wallet, command: Grant, terms: Terms, now: Now) -> tuple[LotGranted] | Rejection:
    """Refused for an amount or expiry out of range, or too many open lots."""
    if (refusal := out_of_range(terms, command.amount_minor)) is not None:
        return refusal
    if (refusal := not_grantable(wallet, command.expires_at, terms, now)) is not None:
        return refusal
    lot = LotTerms(
        lot_id=f"lot-{now.fresh_id}",
        currency=command.currency,
        source=command.source,
        amount_minor=command.amount_minor,
        granted_at=now.at,
        expires_at=command.expires_at,
    )
    return (LotGranted(lot),)


def not_grantable(
    wallet: Wallet, expires_at: Instant | None, terms: Terms, now: Now
) -> Rejection | None:
    """Why no lot with this expiry can be granted: it is not ahead, or there are too many lots."""
    if expires_at is not None and not now.at < expires_at <= INSTANT_MAX:
        return rejected(Reason.EXPIRY_OUT_OF_RANGE, expires_at=expires_at, now=now.at)
    if lots_are_full(wallet, terms):
        return rejected(Reason.LIMIT_EXCEEDED, limit="open lots", most=terms.lots_max)
    return None


def lots_are_full(wallet: Wallet, terms: Terms) -> bool:
    """Whether another lot may not be asked for; a pending order has reserved its slot."""
    return len(wallet.lots) + len(wallet.orders) >= terms.lots_max


def evolve(wallet: Wallet, event: LotGranted) -> Wallet:
    """The lot takes its place in the spending order."""
    return replace(wallet, lots=add_lot(wallet, event.lot))
