"""The table of operations: every call of the contract; the edges are made of it."""

from typing import Final

from ledger.contract.audit_log import with_acts
from ledger.contract.calls import (
    administration,
    audit_log,
    batches,
    callers,
    catalogue,
    charges,
    control,
    conversions,
    development,
    explanations,
    feed,
    finance,
    find,
    history,
    holds,
    keys,
    membership,
    orders,
    proposals,
    refunds,
    transfers,
    wallets,
)
from ledger.contract.operation import Operation

_ALL: Final[tuple[Operation, ...]] = (
    *wallets.OPERATIONS,
    *find.OPERATIONS,
    *explanations.OPERATIONS,
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
    *proposals.OPERATIONS,
    *callers.OPERATIONS,
    *keys.OPERATIONS,
    *audit_log.OPERATIONS,
    *feed.OPERATIONS,
    *development.OPERATIONS,
)
OPERATIONS: Final = tuple(with_acts(operation) for operation in _ALL)
"""Every call there is, but for what is only about HTTP itself; they enter their own acts."""
