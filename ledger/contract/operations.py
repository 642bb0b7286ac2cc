"""The table of operations: every call of the contract; the edges are made of it."""

from typing import Final

from ledger.contract.calls import (
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
    refunds,
    sandbox,
    transfers,
    wallets,
)
from ledger.contract.operation import Operation

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
)
"""Every call there is, but for what is only about HTTP itself."""
