"""API keys as the service believes them: for a second, and never longer."""

import asyncio

from ledger.cli.keys import add_token
from ledger.service import KEY_CACHE_S, Ledger
from ledger.store.keys import revoke_key
from ledger.store.pool import connect_service
from tests.conftest import Database

TOKEN = "a-key-of-this-test-0123456789abcdef"


async def test_a_key_in_use_is_checked_again_before_it_lapses(
    ledger: Ledger, database: Database
) -> None:
    """One request renews what is believed, so that a busy key never sends all to the database."""
    connection = await connect_service(database.url)
    await add_token(connection, ("key-1", "web", TOKEN, ["wallet:read"], None))
    assert ledger.cached_caller(TOKEN) is None
    caller = await ledger.authenticate(TOKEN)
    assert caller is not None
    for _ in range(12):
        await asyncio.sleep(KEY_CACHE_S / 6)
        assert ledger.cached_caller(TOKEN) == caller
    await connection.close()


async def test_a_revoked_key_is_believed_for_a_second_at_most(
    ledger: Ledger, database: Database
) -> None:
    """However busy the key is: renewing asks the database, and the database says no."""
    connection = await connect_service(database.url)
    await add_token(connection, ("key-1", "web", TOKEN, ["wallet:read"], None))
    assert await ledger.authenticate(TOKEN) is not None
    assert await revoke_key(connection, "key-1") == "web"
    for _ in range(20):
        ledger.cached_caller(TOKEN)
        await asyncio.sleep(KEY_CACHE_S / 20)
    assert ledger.cached_caller(TOKEN) is None
    assert await ledger.authenticate(TOKEN) is None
    await connection.close()
