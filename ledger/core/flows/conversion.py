"""Conversion: paid value of one currency becomes another at par; order, cost and expiry stay."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import SPENDS
from ledger.core.ids import conversion_id_for, converted_lot_id_for
from ledger.core.instants import Instant
from ledger.core.limits import insufficient_funds, too_many_lots, use_of, used_after
from ledger.core.lots import add_lots, spend, takes_for
from ledger.core.pricing import out_of_range
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Grace, LotTerms, Take, Wallet


class Convert(Struct, frozen=True, omit_defaults=True, tag="convert"):
    """Convert an amount of one currency into the same amount of another."""

    gates: ClassVar = SPENDS
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.NOT_CONVERTIBLE,
        Reason.LIMIT_EXCEEDED,
        Reason.INSUFFICIENT_FUNDS,
    )
    draws_id: ClassVar = True
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    from_currency: int
    to_currency: int
    amount_minor: int


class Converted(Struct, frozen=True, omit_defaults=True, tag="converted_v1"):
    """Value was converted: lot k was made of take k. Both availables are those after it.

    `graces` are those that lots inherit: one extension a parcel of value, whatever its currency.
    """

    conversion_id: str
    from_currency: int
    to_currency: int
    amount_minor: int
    takes: tuple[Take, ...]
    lots: tuple[LotTerms, ...]
    converted_at: Instant
    from_available_minor: int
    to_available_minor: int
    graces: tuple[Grace, ...] = ()


Command = Convert
Event = Converted


def decide(
    wallet: Wallet, command: Convert, terms: Terms, stamp: Stamp
) -> tuple[Converted] | Rejection:
    """Only paid value, in a direction that the policy offers, up to the limit of the day."""
    amount_minor, source = command.amount_minor, command.from_currency
    if (refusal := out_of_range(terms, amount_minor)) is not None:
        return refusal
    if (source, command.to_currency) not in terms.policy.conversions:
        return rejected(Reason.NOT_CONVERTIBLE, currency=source, to_currency=command.to_currency)
    if (refusal := _over_limit(wallet, command, terms, stamp)) is not None:
        return refusal
    if (refusal := too_many_lots(wallet, terms)) is not None:
        return refusal
    takes = takes_for(wallet, source, amount_minor, paid_only=True)
    if takes is None:
        return insufficient_funds(wallet, source, amount_minor, paid_only=True)
    if (refusal := too_many_lots(wallet, terms, len(takes))) is not None:
        return refusal
    lots = tuple(_lot(take, index, command, terms, stamp) for index, take in enumerate(takes, 1))
    return (
        Converted(
            conversion_id_for(stamp),
            source,
            command.to_currency,
            amount_minor,
            takes,
            lots,
            stamp.at,
            wallet.available_minor(source) - amount_minor,
            wallet.available_minor(command.to_currency) + amount_minor,
            tuple(_inherited(wallet, takes, lots)),
        ),
    )


def _over_limit(wallet: Wallet, command: Convert, terms: Terms, stamp: Stamp) -> Rejection | None:
    most_minor = terms.policy.conversion_day_minor.get(command.from_currency)
    converted_minor = use_of(wallet, command.from_currency, stamp.at).converted_minor
    if most_minor is None or converted_minor + command.amount_minor <= most_minor:
        return None
    return rejected(
        Reason.LIMIT_EXCEEDED,
        limit="conversion a day",
        currency=command.from_currency,
        amount_minor=command.amount_minor,
        spent_minor=converted_minor,
        most_minor=most_minor,
    )


def _lot(take: Take, index: int, command: Convert, terms: Terms, stamp: Stamp) -> LotTerms:
    currency = next(c for c in terms.currencies.values() if c.number == command.to_currency)
    return LotTerms(
        lot_id=converted_lot_id_for(stamp, index),
        currency=command.to_currency,
        source="conversion",
        amount_minor=take.amount_minor,
        granted_at=stamp.at,
        expires_at=take.lot.expires_at,
        paid=True,
        cost_fen=take.cost_fen,
        vat_fen=take.vat_fen,
        vat_bp=take.lot.vat_bp,
        liability=currency.liability,
        order_id=take.lot.order_id,
        graced=take.lot.graced,
    )


def _inherited(wallet: Wallet, takes: tuple[Take, ...], lots: tuple[LotTerms, ...]) -> list[Grace]:
    graces = []
    for take, lot in zip(takes, lots, strict=True):
        until = wallet.grace_until(take.lot.lot_id)
        if until is not None:
            graces.append(Grace(lot.lot_id, until))
    return graces


def evolve(wallet: Wallet, event: Converted) -> Wallet:
    """The takes are gone, the lots made of them are there."""
    spent = replace(wallet, lots=spend(wallet, event.takes))
    return replace(
        spent,
        lots=add_lots(spent, event.lots),
        graces=(*wallet.graces, *event.graces),
        used=used_after(
            wallet, event.from_currency, event.converted_at, converted=event.amount_minor
        ),
    )
