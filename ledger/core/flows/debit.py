"""Debit: a charge in one step."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import GENERATES
from ledger.core.ids import charge_id_for
from ledger.core.limits import insufficient_funds, over_limit, used_after
from ledger.core.lots import spend, takes_for
from ledger.core.pricing import priced
from ledger.core.rejections import Reason, Rejection
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Charge, Wallet


class Debit(Struct, frozen=True, omit_defaults=True, tag="debit"):
    """Charge an amount of a currency, or `quantity` of a SKU at its price, at once."""

    gates: ClassVar = GENERATES
    refusals: ClassVar = (
        Reason.UNKNOWN_SKU,
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.LIMIT_EXCEEDED,
        Reason.INSUFFICIENT_FUNDS,
    )
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    currency: int | None = None
    amount_minor: int | None = None
    sku: str | None = None
    quantity: int = 1
    reference: str | None = None


class DebitCharged(Struct, frozen=True, tag="debit_charged_v1"):
    """A debit was charged; `available_after_minor` is of the charge's currency."""

    charge: Charge
    available_after_minor: int


Command = Debit
Event = DebitCharged


def decide(
    wallet: Wallet, command: Debit, terms: Terms, stamp: Stamp
) -> tuple[DebitCharged] | Rejection:
    """Refused for an unknown SKU, an amount out of range, or too little."""
    price = priced(terms, command.currency, command.amount_minor, command.sku, command.quantity)
    if isinstance(price, Rejection):
        return price
    currency, amount_minor, quote = price
    if (refusal := over_limit(wallet, terms, currency, amount_minor, stamp.at)) is not None:
        return refusal
    takes = takes_for(wallet, currency, amount_minor)
    if takes is None:
        return insufficient_funds(wallet, currency, amount_minor)
    charge = Charge(
        charge_id=charge_id_for(stamp),
        currency=currency,
        amount_minor=amount_minor,
        takes=takes,
        charged_at=stamp.at,
        reference=command.reference,
        quote=quote,
    )
    return (DebitCharged(charge, wallet.available_minor(currency) - amount_minor),)


def evolve(wallet: Wallet, event: DebitCharged) -> Wallet:
    """The takes are gone from what is available."""
    charge = event.charge
    return replace(
        wallet,
        lots=spend(wallet, charge.takes),
        used=used_after(wallet, charge.currency, charge.charged_at, charged=charge.amount_minor),
    )
