"""The calls over HTTP: those of the contract, the sandbox's and the probes."""

from typing import Final

from ledger.contract import operations
from ledger.contract.operation import Operation
from ledger.http import probes, sandbox

OPERATIONS: Final[tuple[Operation, ...]] = (
    *operations.OPERATIONS,
    *sandbox.OPERATIONS,
    *probes.OPERATIONS,
)
"""Routes and document are both made of it."""


def operations_for(*, in_development: bool) -> tuple[Operation, ...]:
    """The calls of a ledger; some exist only in one made for development."""
    return tuple(
        operation for operation in OPERATIONS if in_development or not operation.development
    )
