"""What a command costs: an amount as named, or a SKU at its price of the moment."""

from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Terms
from ledger.core.wallet import Quote


def price_sku(terms: Terms, sku: str, quantity: int) -> tuple[int, int, Quote] | Rejection:
    """(currency, amount in minor units, quote) of `quantity` items or seconds of a SKU."""
    entry = terms.skus.get(sku)
    if entry is None:
        return rejected(Reason.UNKNOWN_SKU, sku=sku)
    if not 1 <= quantity <= terms.quantity_max:
        return rejected(Reason.AMOUNT_OUT_OF_RANGE, quantity=quantity, most=terms.quantity_max)
    return entry.currency, entry.price_minor * quantity, Quote(sku, quantity, terms.version)


def priced(
    terms: Terms, currency: int | None, amount_minor: int | None, sku: str | None, quantity: int
) -> tuple[int, int, Quote | None] | Rejection:
    """The price of a command that names either a currency and an amount, or a SKU."""
    if sku is not None:
        price = price_sku(terms, sku, quantity)
        if isinstance(price, Rejection):
            return price
        currency, amount_minor, quote = price
    else:
        quote = None
    if currency is None or amount_minor is None or not in_range(terms, amount_minor):
        return rejected(
            Reason.AMOUNT_OUT_OF_RANGE,
            amount_minor=amount_minor or 0,
            most_minor=terms.amount_minor_max,
        )
    return currency, amount_minor, quote


def in_range(terms: Terms, amount_minor: int) -> bool:
    """Whether an amount is positive and not beyond what a caller may name."""
    return 1 <= amount_minor <= terms.amount_minor_max
