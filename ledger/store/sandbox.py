"""How the sandbox channel is to behave: a row, so that it is the same for all processes."""

from ledger.store.pool import Connection
from ledger.store.sql import statement


async def read_behaviour(connection: Connection) -> str:
    """`succeed`, `fail` or `silent`: what becomes of refunds."""
    refunds: str = await connection.fetchval(statement("read_sandbox_behaviour"))
    return refunds


async def set_behaviour(connection: Connection, refunds: str) -> None:
    """Say what becomes of refunds from now on."""
    await connection.execute(statement("set_sandbox_behaviour"), refunds)
