"""Sessions: what the server says that each kind of connection runs with."""

from typing import Any, Final

import pytest

from ledger.store.pool import connect_service, create_pool
from tests.kit.databases import Database

BOUNDED: Final = {
    "role": "ledger_service",
    "jit": "off",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "10s",
}
PROBING: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


async def _settings(connection: Any) -> dict[str, str]:
    names = [*BOUNDED, *PROBING]
    return {name: await connection.fetchval(f"SHOW {name}") for name in names}


@pytest.fixture
async def unkind(database: Database, owner: Any) -> Database:
    """A database whose administrator set everything to Postgres's own defaults."""
    name = await owner.fetchval("SELECT current_database()")
    for setting in ("jit", "enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
        await owner.execute(f'ALTER DATABASE "{name}" SET {setting} = on')
    return database


@pytest.mark.parametrize("engine", [True, False])
async def test_a_pooled_session_sets_what_it_stands_on(unkind: Database, *, engine: bool) -> None:
    """No plan is compiled and no shard held for long; the engine's plans probe indexes."""
    pool = await create_pool(unkind.url, size=1, engine=engine)
    async with pool.acquire() as connection:
        settings = await _settings(connection)
    await pool.close()
    assert settings.items() >= (BOUNDED | PROBING if engine else BOUNDED).items()


async def test_a_commands_session_is_bounded_like_the_services(unkind: Database) -> None:
    """A command line's connection holds nothing up either."""
    connection = await connect_service(unkind.url)
    settings = await _settings(connection)
    await connection.close()
    assert settings.items() >= BOUNDED.items()


async def test_the_login_has_the_settings_where_a_pooler_keeps_no_session(owner: Any) -> None:
    """Behind a pooler the role's own settings hold: all of them are set on the login."""
    settings = await owner.fetchval(
        "SELECT setconfig FROM pg_db_role_setting JOIN pg_database ON setdatabase = pg_database.oid"
        " JOIN pg_roles ON setrole = pg_roles.oid"
        " WHERE datname = 'template_ledger' AND rolname = 'ledger_login'"
    )
    assert set(settings) == {f"{name}={value}" for name, value in BOUNDED.items()}
