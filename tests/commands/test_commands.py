"""The command line, as processes of their own against a real Postgres."""

import json
import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ledger.embedded import EmbeddedPostgres
from tests.kit.command_line import run, untouched
from tests.kit.databases import Database, fresh_database
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served

EXPIRED = ["--expires-in-days", "0"]


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database without a ledger."""
    async with fresh_database(postgres, None) as empty_database:
        yield empty_database


@pytest.mark.deploy
@pytest.mark.usefixtures("template")
async def test_a_production_ledger_is_made_and_says_what_is_missing(empty: Database) -> None:
    """Before init every command says `ledger init`; afterwards they work; init may run again."""
    for command in (["serve"], ["verify"], ["wallet", "show", "w"]):
        code, out, err = await run(*command, **empty.environment)
        assert (code, out) == (2, ""), command
        assert "ledger init" in err
        assert "Traceback" not in err
    for _ in range(2):
        code, out, err = await run("init", "--shards", "4", **empty.environment)
        assert code == 0, err
    code, _, err = await run("init", "--shards", "5", **empty.environment)
    assert code == 2
    assert "4 shards for life" in err
    code, _, err = await run("serve", "--dev", **empty.environment)
    assert code == 2
    assert "production ledger for life" in err
    code, out, _ = await run("verify", "--json", **empty.environment)
    assert (code, json.loads(out)["differences"]) == (0, 0)
    code, _, err = await run("migrate", **empty.environment)
    assert code == 0, err


async def test_a_key_works_until_it_is_revoked(served: Served) -> None:
    """Once `key revoke` returns, the key is dead; others live on."""
    here = {"LEDGER_DATABASE_URL": served.database_url}
    code, out, err = await run(
        "key", "create", "--caller", "gen", "--scopes", "wallet:read", "--json", **here
    )
    assert code == 0, err
    made: dict[str, Any] = json.loads(out)
    headers = {"authorization": f"Bearer {made['key']}"}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers) as client:
        assert (await client.get("/v1/wallets/w")).status_code == 200
        code, out, err = await run("key", "revoke", made["key_id"], **here)
        assert code == 0, err
        assert (await client.get("/v1/wallets/w")).status_code == 401
        own = {"authorization": f"Bearer {DEV_KEY}"}
        assert (await client.get("/v1/wallets/w", headers=own)).status_code == 200
    code, out, _ = await run("key", "list", "--json", **here)
    rows = {row["key_id"]: row for row in json.loads(out)["items"]}
    assert rows[made["key_id"]]["revoked_at"] is not None
    assert made["key"] not in out
    again, out, err = await run("key", "revoke", made["key_id"], "--json", **here)
    assert (again, json.loads(out)["state"]) == (0, "revoked"), err
    code, out, err = await run("key", "revoke", "key-unknown", "--json", **here)
    assert (code, json.loads(out)["status"], "not-found" in err) == (1, 404, True)


@pytest.mark.deploy
async def test_a_key_is_followed_by_another_and_every_step_is_listed(served: Served) -> None:
    """Rotate, limit and list at the database: both keys work, and the acts name the host's user."""
    here = {"LEDGER_DATABASE_URL": served.database_url}
    made = ["key", "create", "--caller", "cat", "--person", "--json"]
    code, out, err = await run(*made, "--scopes", "admin:write,admin:approve", **here)
    assert code == 0, err
    first = json.loads(out)
    assert first["key"].startswith("lp_")
    code, out, err = await run("key", "rotate", first["key_id"], "--json", **here)
    assert code == 0, err
    second = json.loads(out)
    code, _, err = await run("key", "limit", "cat", "--rate-per-s", "9", "--burst", "5", **here)
    assert code == 0, err
    code, out, _ = await run("key", "list", "--caller", "cat", **here)
    (row,) = [line for line in out.splitlines() if line.startswith(first["key_id"])]
    for words in ("cat", "in force", "admin:approve, admin:write", second["key_id"]):
        assert words in row
    assert first["key"] not in out
    code, _, err = await run("key", "limit", "nobody", "--none", **here)
    assert (code, "nobody" in err) == (1, True)
    async with httpx2.AsyncClient(base_url=served.url) as client:
        for key in (first, second):
            headers = {"authorization": f"Bearer {key['key']}"}
            me = (await client.get("/v1/callers/me", headers=headers)).json()
            assert (me["key_id"], me["rate_per_s"], me["burst"]) == (key["key_id"], 9, 5)
        listed = (await client.get("/v1/acts?limit=4", headers=headers)).json()["items"]
    assert [(act["operation"], act["subject"], act["outcome"]) for act in listed] == [
        ("limitCaller", "nobody", 404),
        ("limitCaller", "cat", 200),
        ("rotateKey", first["key_id"], 201),
        ("createKey", "cat", 201),
    ]
    assert {act["actor"] for act in listed} == {f"host:{pwd.getpwuid(os.getuid()).pw_name}"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["key", "create", "--caller", "c", "--scopes", "root"], "unknown scopes root"),
        (["key", "create", "--caller", "channel:x", "--scopes", "wallet:read"], "no channel"),
        (["key", "create", "--caller", "c", "--scopes", "wallet:read", *EXPIRED], "a day"),
        (["key", "limit", "c", "--burst", "5"], "--rate-per-s"),
        (["key", "rotate", "key-1", "--expires-in-days", "99999"], "at most 36500"),
        (["key", "rotate", "key-1", "--overlap-hours", "721"], "0 to 720"),
        (["nonsense"], "nonsense"),
    ],
)
async def test_a_wrong_call_is_refused_in_one_sentence(
    database: Database, arguments: list[str], complaint: str
) -> None:
    """Exit code not zero, what is wrong on standard error, nothing done."""
    code, out, err = await run(*arguments, **database.environment)
    assert code != 0
    assert complaint in out + err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEDGER_HTTP_PORT", "eighty"),
        ("LEDGER_HTTP_PORT", "70000"),
        ("LEDGER_DEV_API_KEY", "short"),
        ("LEDGER_WORKERS", "0"),
        ("LEDGER_JOBS", "maybe"),
        ("LEDGER_SWEEP_INTERVAL_S", "0"),
        ("LEDGER_GRANT_DAY_CAP", "-1"),
    ],
)
async def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    """The message names the variable and what it may be."""
    code, _, err = await run("serve", "--dev", **{name: value, "LEDGER_DATA_DIR": str(tmp_path)})
    assert code == 2
    assert name in err
    assert untouched(tmp_path)


async def test_a_port_in_use_is_said_before_anything_starts(served: Served, tmp_path: Path) -> None:
    """The message names the port and the variable that moves it."""
    environment = {"LEDGER_HTTP_PORT": str(served.port), "LEDGER_DATA_DIR": str(tmp_path)}
    code, _, err = await run("serve", "--dev", **environment)
    assert code == 2
    assert "LEDGER_HTTP_PORT" in err
    assert untouched(tmp_path)


async def test_a_wallet_is_shown_to_people_and_to_machines(served: Served) -> None:
    """`wallet show` tells what the API tells, as lines or as JSON."""
    here = {"LEDGER_DATABASE_URL": served.database_url}
    headers = {"authorization": f"Bearer {DEV_KEY}", "idempotency-key": "show"}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers) as client:
        claimed = (await client.post("/v1/wallets/shown/daily-grant", json={})).json()
    code, out, _ = await run("wallet", "show", "shown", **here)
    assert code == 0
    assert claimed["lot_id"][:8] in out
    code, out, _ = await run("wallet", "show", "shown", "--json", **here)
    assert json.loads(out)["balances"]["INSPIRATION"]["available"] == "66.00"


async def test_verify_tells_by_its_exit_code(database: Database, owner: Any) -> None:
    """0 when all agrees, 1 when anything differs; the difference is named either way."""
    code, out, _ = await run("verify", **database.environment)
    assert (code, "0 events verified" in out) == (0, True)
    await owner.execute("UPDATE shards SET seq = 7 WHERE shard = 1")
    code, out, _ = await run("verify", **database.environment)
    assert (code, "says seq 7" in out) == (1, True)
    code, out, _ = await run("verify", "--json", **database.environment)
    report = json.loads(out)
    assert (code, report["differences"], report["findings"][0]["what"]) == (1, 1, "head")


@pytest.mark.deploy
async def test_standard_output_holds_what_the_command_has_to_say_alone(tmp_path: Path) -> None:
    """A Postgres that is started for one command tells of itself on standard error."""
    code, _, _ = await run("init", "--dev", LEDGER_DATA_DIR=str(tmp_path))
    assert code == 0
    _, out, _ = await run("verify", "--json", LEDGER_DATA_DIR=str(tmp_path))
    assert json.loads(out) == {"events": 0, "differences": 0, "findings": []}
