"""The schema: what the migrations make, and which databases the service will not run on."""

import asyncio
import os
import re
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from ledger.catalog import load_catalogue
from ledger.core.chart import ACCOUNTS
from ledger.core.flows.order import OpenRecharge
from ledger.core.rejections import Reason, Rejection
from ledger.embedded import EmbeddedPostgres, bin_dir
from ledger.engine.clock import ClockError
from ledger.payments.notifications import UnknownChannel
from ledger.service import open_ledger
from ledger.settings import Settings
from ledger.store.pool import connect_owner
from ledger.store.schema import (
    HEAD,
    MIGRATIONS,
    SchemaError,
    initialise,
    migrate,
    read_durability,
    read_facts,
)
from tests.kit.databases import Database, fresh_database
from tests.kit.serving import free_port

CODES = load_catalogue().currency_codes()


def _dump(url: str) -> str:
    """The schema as SQL, without what depends on the version of the tool that wrote it."""
    dump = subprocess.run(
        [bin_dir() / "pg_dump", "--schema-only", "--no-owner", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = [
        line
        for line in dump.splitlines()
        if not re.match(r"--|SET |SELECT pg_catalog|\\(un)?restrict", line)
    ]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip() + "\n"


async def test_the_schema_file_is_what_the_migrations_make(database: Database) -> None:
    """migrations/schema.sql shows a reader the schema at head; LEDGER_WRITE_SCHEMA=1 renews it."""
    file = MIGRATIONS / "schema.sql"
    dumped = await asyncio.to_thread(_dump, database.owner_url)
    if os.environ.get("LEDGER_WRITE_SCHEMA"):
        file.write_text(dumped)
    assert file.read_text() == dumped


def test_the_code_expects_the_newest_migration() -> None:
    """HEAD is what alembic calls head, and there is one."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_the_tables_of_accounts_and_currencies_equal_the_code(owner: Any) -> None:
    """Numbers in the log mean in the database what they mean in the core."""
    accounts = await owner.fetch("SELECT number, path FROM accounts")
    assert {row["number"]: row["path"] for row in accounts} == {
        number: account.path for number, account in ACCOUNTS.items()
    }
    codes = await owner.fetch("SELECT account, code FROM account_codes")
    assert {row["account"]: row["code"] for row in codes} == {
        number: account.code for number, account in ACCOUNTS.items()
    }
    currencies = await owner.fetch("SELECT number, code FROM currencies")
    assert {row["number"]: row["code"] for row in currencies} == CODES


async def test_migrating_again_changes_nothing(database: Database) -> None:
    """`ledger migrate` may run at any time, also twice at once."""
    before = await asyncio.to_thread(_dump, database.owner_url)
    await asyncio.gather(*(migrate(database.owner_url, "ledger_login", CODES) for _ in range(2)))
    assert await asyncio.to_thread(_dump, database.owner_url) == before


@pytest.mark.usefixtures("template")
@pytest.mark.parametrize("development", [True, False])
async def test_callers_of_before_become_services(
    postgres: EmbeddedPostgres, *, development: bool
) -> None:
    """But for the one of a development ledger. No service approves, so none keeps that scope."""
    async with fresh_database(postgres, None) as old:
        config = Config(attributes={"connect": partial(connect_owner, old.owner_url)})
        config.set_main_option("script_location", str(MIGRATIONS))
        await asyncio.to_thread(command.upgrade, config, "0002")
        owner = await asyncpg.connect(old.owner_url)
        await owner.execute(f"""
            INSERT INTO ledger (shards, development) VALUES (2, {development});
            INSERT INTO callers (name) VALUES ('dev'), ('web');
            INSERT INTO api_keys (key_id, caller, digest, scopes) VALUES
                ('k1', 'dev', '1', '{{admin:approve,debit:write}}'),
                ('k2', 'web', '2', '{{admin:approve,debit:write}}'),
                ('k3', 'web', '3', '{{wallet:read}}');
        """)
        await migrate(old.owner_url, "ledger_login", CODES)
        rows = await owner.fetch(
            "SELECT key_id, callers.kind, caller_kind, scopes FROM api_keys "
            "INNER JOIN callers ON caller = name ORDER BY key_id"
        )
        await owner.close()
    kind = "development" if development else "service"
    dev_scopes = ["admin:approve", "debit:write"] if development else ["debit:write"]
    assert [tuple(row) for row in rows] == [
        ("k1", kind, kind, dev_scopes),
        ("k2", "service", "service", ["debit:write"]),
        ("k3", "service", "service", ["wallet:read"]),
    ]


@pytest.mark.parametrize(
    ("revision", "advice"),
    [("9999", "run a newer version of the service"), (None, "run `ledger init`")],
)
async def test_a_schema_of_another_revision_is_refused(
    database: Database, owner: Any, revision: str | None, advice: str
) -> None:
    """Too new, or none at all: the service says what to run and does not start."""
    if revision is None:
        await owner.execute("DELETE FROM alembic_version")
    else:
        await owner.execute("UPDATE alembic_version SET version_num = $1", revision)
    with pytest.raises(SchemaError, match=advice):
        await open_ledger(Settings(database_url=database.url))


async def test_a_schema_that_is_too_old_is_refused(
    database: Database, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too old: the service names both revisions and says `ledger migrate`."""
    monkeypatch.setattr("ledger.store.schema.OLDER", frozenset({"0000"}))
    await owner.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(SchemaError, match=r"0000.*older.*ledger migrate"):
        await open_ledger(Settings(database_url=database.url))


async def test_an_empty_database_is_refused(postgres: EmbeddedPostgres) -> None:
    """No schema at all: the service says `ledger init`."""
    async with fresh_database(postgres, None) as empty:
        connection = await asyncpg.connect(empty.owner_url)
        with pytest.raises(SchemaError, match="run `ledger init`"):
            await read_facts(connection)
        await connection.close()


async def test_development_and_production_are_for_life(
    postgres: EmbeddedPostgres, database: Database
) -> None:
    """A development ledger never becomes a production one, nor the other way round."""
    with pytest.raises(SchemaError, match="development ledger for life"):
        await initialise(database.owner_url, "ledger_login", CODES, secrets=())
    async with fresh_database(postgres, None) as other:
        await initialise(other.owner_url, "ledger_login", CODES, secrets=(), shards=3)
        with pytest.raises(SchemaError, match="production ledger for life"):
            await initialise(other.owner_url, "ledger_login", CODES, secrets=(), development=True)
        with pytest.raises(SchemaError, match="3 shards for life"):
            await initialise(other.owner_url, "ledger_login", CODES, secrets=(), shards=4)
        facts = await initialise(other.owner_url, "ledger_login", CODES, secrets=())
        assert (facts.shards, facts.development) == (3, False)


async def test_production_refuses_a_server_that_may_lose_commits(
    postgres: EmbeddedPostgres,
) -> None:
    """An fsync that is off is for tests: a production ledger does not start on it."""
    async with fresh_database(postgres, None) as unsafe:
        await initialise(unsafe.owner_url, "ledger_login", CODES, secrets=())
        with pytest.raises(SchemaError, match="fsync=off"):
            await open_ledger(Settings(database_url=unsafe.url))
        connection = await asyncpg.connect(unsafe.owner_url)
        with pytest.raises(SchemaError, match="turn both on"):
            await read_durability(connection)
        await connection.close()


async def test_production_has_no_sandbox_and_no_clock(tmp_path: Path) -> None:
    """On a server that keeps its promises it starts; what is for development is not there."""
    with EmbeddedPostgres(tmp_path) as server:
        owner_url, url = server.url("postgres"), server.url("ledger_login")
        await initialise(owner_url, "ledger_login", CODES, secrets=())
        ledger = await open_ledger(Settings(database_url=url))
        try:
            assert ledger.catalogue.at(ledger.clock.now()).channels == {}
            refused = await ledger.submit("c", "k", OpenRecharge("w", 1001, 100, "sandbox"))
            assert isinstance(refused.outcome, Rejection)
            assert refused.outcome.reason is Reason.UNKNOWN_CHANNEL
            with pytest.raises(ClockError, match="development"):
                await ledger.clock.advance(1)
            with pytest.raises(UnknownChannel):
                await ledger.payments.notify("sandbox", {}, b"")
        finally:
            await ledger.close()


async def test_a_second_server_is_used_over_tcp_with_a_password(tmp_path: Path) -> None:
    """Any Postgres by LEDGER_DATABASE_URL: here another cluster, over TCP, one URL for all."""
    port = free_port()
    with EmbeddedPostgres(tmp_path, port=port, settings={"fsync": "off"}):
        password = (tmp_path / "postgres.password").read_text().strip()
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/ledger"
        await initialise(url, "postgres", CODES, secrets=(), development=True)
        ledger = await open_ledger(Settings(database_url=url))
        view = await ledger.wallets.read("w")
        assert view.seq == 0
        connection = await ledger._read_pool.acquire()
        assert await connection.fetchval("SELECT current_user") == "ledger_service"
        await ledger._read_pool.release(connection)
        await ledger.close()
