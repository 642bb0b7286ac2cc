"""What the database itself refuses, tried as the service's own login."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.service import Ledger
from ledger.store.pool import connect_service
from tests.kit.databases import Database


@pytest.fixture
async def service(database: Database, ledger: Ledger) -> AsyncIterator[Any]:
    """The service's own connection, on a ledger where something has happened."""
    await ledger.submit("test", "g", Grant("w", 1001, 1_000, "promotional", "for a test"))
    await ledger.submit("test", "d", Debit("w", 1001, 10))
    await ledger.submit("test", "r", Debit("w", 1001, 10**6))
    connection = await connect_service(database.url)
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "table", ["events", "blocks", "requests", "refusals", "ledger", "accounts"]
)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"],
    ids=["update", "delete", "truncate", "drop"],
)
async def test_history_can_be_neither_changed_nor_deleted(
    service: Any, table: str, statement: str
) -> None:
    """The service appends to the log; nothing it can say changes or removes what stands there."""
    column = {"ledger": "shards", "accounts": "path"}.get(table, "shard")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(statement.format(table, column, column))


@pytest.mark.parametrize("table", ["wallets", "documents", "account_totals", "shards"])
async def test_what_is_folded_can_be_written_but_not_deleted(service: Any, table: str) -> None:
    """Wallets, documents, totals and heads change with every batch and are never taken away."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"DELETE FROM {table}")


async def test_what_people_did_stays_as_it_was_written(service: Any) -> None:
    """Acts, proposals, and what callers and keys are: given once."""
    for statement in (
        "UPDATE acts SET actor = 'nobody'",
        "UPDATE acts SET detail = '{}'",
        "DELETE FROM acts",
        "TRUNCATE acts",
        "ALTER TABLE acts DISABLE ROW LEVEL SECURITY",
        "DELETE FROM proposals",
        "UPDATE proposals SET proposed_by = 'nobody'",
        "UPDATE proposals SET digest = ''",
        "UPDATE proposals SET expires_at = 'infinity'",
        "UPDATE callers SET kind = 'person'",
        "UPDATE api_keys SET scopes = '{}'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(statement)


async def test_the_outcome_of_an_act_is_said_once(service: Any) -> None:
    """An act begins without one, gets one, and keeps that."""
    begin = "INSERT INTO acts (actor, operation) VALUES ('ann', 'freezeWallet') RETURNING act_id"
    act_id = await service.fetchval(begin)
    end = "UPDATE acts SET outcome = $2, outcome_at = now() WHERE act_id = $1"
    assert await service.execute(end, act_id, 200) == "UPDATE 1"
    assert await service.execute(end, act_id, 500) == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(
            "INSERT INTO acts (actor, operation, outcome, outcome_at) "
            "VALUES ('ann', 'freezeWallet', 200, now())"
        )
    assert await service.fetchval("SELECT outcome FROM acts") == 200


async def test_nobody_decides_on_what_they_proposed(service: Any) -> None:
    """Four eyes, by CHECK: whatever a bug or a race does, the database refuses it."""
    await service.execute(
        "INSERT INTO proposals (proposal_id, kind, wallet, command, digest, reason, proposed_by, "
        "key_hash, expires_at) "
        "VALUES ('p', 'adjustment', 'w', '{}', '', 'r', 'ann', '', 'infinity')"
    )
    decide = "UPDATE proposals SET status = $1, decided_by = $2, decided_at = $3"
    for status, decided_by, rule in (
        ("approved", "ann", "proposal_is_decided_by_another"),
        ("rejected", "ann", "proposal_is_decided_by_another"),
        ("done", "ann", "proposal_is_decided_by_another"),
        ("withdrawn", "bob", "proposal_is_decided_by_another"),
        ("approved", None, "proposal_is_open_until_decided"),
        ("open", "bob", "proposal_is_open_until_decided"),
        ("lost", "bob", "proposal_status_is_known"),
    ):
        decided_at = None if decided_by is None else datetime.now(UTC)
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await service.execute(decide, status, decided_by, decided_at)
        assert refused.value.constraint_name == rule
    assert await service.execute(decide, "approved", "bob", datetime.now(UTC)) == "UPDATE 1"


@pytest.mark.parametrize(
    "way_out", ["RESET ROLE", "SET ROLE NONE", "SET SESSION AUTHORIZATION DEFAULT"]
)
async def test_leaving_the_role_gains_nothing(service: Any, way_out: str) -> None:
    """The login itself owns nothing: a session that leaves its role can do less, not more."""
    await service.execute(way_out)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("DELETE FROM events")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("SET ROLE postgres")


@pytest.mark.parametrize("column", ["available", "held"])
async def test_no_balance_can_become_negative(service: Any, column: str) -> None:
    """Invariant 1, by CHECK: whatever a bug computes, the database refuses it."""
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await service.execute(f"UPDATE wallets SET {column} = ARRAY[-1]::bigint[]")
    assert refused.value.constraint_name == f"{column}_is_never_negative"


@pytest.mark.parametrize(
    ("accounts", "currencies", "amounts", "constraint"),
    [
        ([1, 2], [156, 156], [100, -99], "entry_sums_to_zero"),
        ([1], [156], [100], "entry_sums_to_zero"),
        ([1, 2], [156, 1001], [100, -100], "entry_sums_to_zero"),
        ([1, 2, 3, 4], [156, 156, 1001, 1001], [1, -1, 5, -4], "entry_sums_to_zero"),
        ([1, 2, 3, 4, 5, 6], [1, 1, 2, 2, 3, 3], [1, -1, 2, -2, 3, -2], "entry_sums_to_zero"),
        ([1, 2, 3, 4, 5, 6], [1, 1, 2, 3, 3, 2], [1, -1, 2, -2, 3, -3], "entry_sums_to_zero"),
        ([1, 2], [156, 156], [100, None], "entry_has_whole_legs"),
        ([1, 2], [156, None], [100, -100], "entry_has_whole_legs"),
        ([1], [156, 156], [100, -100], "entry_has_whole_legs"),
        ([1, 2], [156, 156], [100], "entry_has_whole_legs"),
    ],
)
async def test_no_entry_can_be_out_of_balance(
    service: Any, accounts: list[int], currencies: list[int], amounts: list[int], constraint: str
) -> None:
    """Invariant 2, by CHECK on the event itself, per currency and whatever the shape."""
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await _insert_event(service, accounts, currencies, amounts)
    assert refused.value.constraint_name in {constraint, "entry_sums_to_zero"}


async def test_an_entry_in_three_currencies_that_balances_is_taken(service: Any) -> None:
    """The CHECK refuses what does not balance, and nothing else."""
    await _insert_event(service, [1, 2, 3, 4, 5, 6], [1, 1, 2, 2, 3, 3], [1, -1, 2, -2, 3, -3])
    await _insert_event(service, [], [], [])


_seq = iter(range(10**6, 10**7))


async def _insert_event(
    service: Any, accounts: list[int], currencies: list[int], amounts: list[int]
) -> None:
    await service.execute(
        "INSERT INTO events VALUES "
        "(0, $1, 'w', 't', now(), now(), now(), '', '', '', '', $2, $3, $4)",
        next(_seq),
        accounts,
        currencies,
        amounts,
    )
