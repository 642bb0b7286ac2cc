"""How the sandbox channel is to behave: a row, so that it is the same for all processes."""

from ledger.store.pool import Connection
from ledger.store.sql import statement


async def read_behaviour(connection: Connection) -> str:
    """How refunds are answered: `succeed`, `fail` or `silent`."""
    refunds: str = await connection.fetchval(statement("read_sandbox_behaviour"))
    return refunds


async def set_behaviour(connection: Connection, refunds: str) -> None:
    """Set how refunds are answered from now on."""
    await connection.execute(statement("set_sandbox_behaviour"), refunds)
