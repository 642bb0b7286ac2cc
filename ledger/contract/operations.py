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
    finance,
    find,
    grants,
    holds,
    keys,
    membership,
    orders,
    refunds,
    transfers,
    wallets,
)
from ledger.contract.explanation import charge as explained_charge
from ledger.contract.explanation import wallet as explained_wallet
from ledger.contract.history import entries, feed
from ledger.contract.operation import Operation, Responses
from ledger.contract.proposals import calls as proposals

_ALL: Final[tuple[Operation, ...]] = (
    *wallets.OPERATIONS,
    *grants.OPERATIONS,
    *find.OPERATIONS,
    *explained_wallet.OPERATIONS,
    *explained_charge.OPERATIONS,
    *entries.OPERATIONS,
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

RESPONSES: Final[Responses] = {
    event: response
    for operation in _ALL
    for event, response in (*operation.responds.items(), *operation.effects.items())
}
"""What every event is answered with that a call may bring about; no two calls share an event."""
