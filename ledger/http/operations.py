"""The table of operations: routes and document are both made of it."""

from typing import Final

from ledger.http.operation import Operation
from ledger.http.routes import (
    administration,
    batches,
    catalogue,
    charges,
    control,
    conversions,
    development,
    feed,
    finance,
    history,
    holds,
    membership,
    orders,
    probes,
    refunds,
    sandbox,
    transfers,
    wallets,
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *wallets.OPERATIONS,
    *history.OPERATIONS,
    *charges.OPERATIONS,
    *holds.OPERATIONS,
    *batches.OPERATIONS,
    *conversions.OPERATIONS,
    *transfers.OPERATIONS,
    *orders.OPERATIONS,
    *refunds.OPERATIONS,
    *membership.OPERATIONS,
    *catalogue.OPERATIONS,
    *finance.OPERATIONS,
    *control.OPERATIONS,
    *administration.OPERATIONS,
    *feed.OPERATIONS,
    *development.OPERATIONS,
    *sandbox.OPERATIONS,
    *probes.OPERATIONS,
)
"""Every call there is."""


def operations_for(*, in_development: bool) -> tuple[Operation, ...]:
    """The calls of a ledger; some exist only in one made for development."""
    return tuple(one for one in OPERATIONS if in_development or not one.development)
