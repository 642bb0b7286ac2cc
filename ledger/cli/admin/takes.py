"""What holds, charges and refunds have in common: the lots they take from, the price they had."""

from collections.abc import Iterable

from ledger.cli.screen import Screen, amount, columns
from ledger.client.results import ChargePrice, Price, Take


def show_takes(screen: Screen, name: str, takes: Iterable[Take]) -> None:
    """The slices of lots that something took, under the name of their column."""
    screen.table(
        columns(name, amount("amount")), [(take.lot_id, str(take.amount)) for take in takes]
    )


def price_text(price: Price | ChargePrice | None) -> str:
    """The price that something was made at; empty if it was made at no SKU's."""
    if price is None:
        return ""
    return f"{price.quantity} x {price.sku}, prices of {price.price_version}"
