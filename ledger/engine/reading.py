"""Reading: connections lent from a pool; an outage of the database raises Unavailable."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from ledger.engine.commit import Unavailable
from ledger.store.pool import Connection, Pool, is_outage

Reading = Callable[[], AbstractAsyncContextManager[Connection]]
"""Lends a connection. Raises Unavailable where the database is away."""

ACQUIRE_S: Final = 5
"""How many seconds a reader waits for a free connection."""


def reading_from(pool: Pool) -> Reading:
    """How connections of a pool are lent, one at a time."""

    @asynccontextmanager
    async def reading() -> AsyncIterator[Connection]:
        try:
            async with pool.acquire(timeout=ACQUIRE_S) as connection:
                try:
                    yield connection
                except Exception as error:
                    if is_outage(error):
                        # It may be to a server that is no primary any more: the next one is new.
                        connection.terminate()
                    raise
        except Exception as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # Cancelling broke the connection, which is no outage: the task has to end.
                raise asyncio.CancelledError from error
            if is_outage(error):
                raise Unavailable("database-unavailable") from error
            raise

    return reading
