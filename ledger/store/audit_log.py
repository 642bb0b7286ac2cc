"""Administrative acts: recorded before they are done, and their outcome afterwards."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ledger.store.pool import Connection
from ledger.store.sql import statement


class NewAct(Struct, frozen=True):
    """An act about to be done; `detail` has ids and numbers, and no personal data."""

    actor: str
    operation: str
    subject: str
    detail: Mapping[str, Any] = {}
    request_id: str = ""


class ActRow(Struct, frozen=True):
    """An act as it is listed; `detail` is JSON text.

    `outcome` is the HTTP status of the answer, None while nobody knows it.
    """

    act_id: int
    at: datetime
    actor: str
    operation: str
    subject: str
    detail: str
    request_id: str
    outcome: int | None
    outcome_at: datetime | None


class ActFilter(Struct, frozen=True):
    """Which acts are asked for: None where any will do."""

    actor: str | None = None
    operation: str | None = None
    subject: str | None = None


async def begin_act(connection: Connection, act: NewAct) -> int:
    """Record an act that is about to be done; returns its id."""
    detail = msgspec.json.encode(act.detail).decode()
    act_id: int = await connection.fetchval(
        statement("begin_act"), act.actor, act.operation, act.subject, detail, act.request_id
    )
    return act_id


async def conclude_act(connection: Connection, act_id: int, outcome: int) -> bool:
    """Record the HTTP status of an act; False if it had one already."""
    return await connection.fetchval(statement("conclude_act"), act_id, outcome) is not None


async def list_acts(
    connection: Connection, wanted: ActFilter, limit: int, before: int | None = None
) -> list[ActRow]:
    """Acts, newest first, those before an id if one is given."""
    rows = await connection.fetch(
        statement("list_acts"), wanted.actor, wanted.operation, wanted.subject, before, limit
    )
    return [ActRow(**row) for row in rows]
