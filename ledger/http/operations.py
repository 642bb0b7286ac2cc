"""The table of operations: routes and document are both made of it."""

from typing import Final

from ledger.http.operation import Operation
from ledger.http.routes import (
    batches,
    catalogue,
    charges,
    development,
    finance,
    holds,
    orders,
    probes,
    wallets,
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *wallets.OPERATIONS,
    *charges.OPERATIONS,
    *holds.OPERATIONS,
    *batches.OPERATIONS,
    *orders.OPERATIONS,
    *catalogue.OPERATIONS,
    *finance.OPERATIONS,
    *development.OPERATIONS,
    *probes.OPERATIONS,
)
"""Every call there is."""


def operations_for(*, in_development: bool) -> tuple[Operation, ...]:
    """The calls of a ledger; some exist only in one made for development."""
    return tuple(one for one in OPERATIONS if in_development or not one.development)
