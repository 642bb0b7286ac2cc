"""The audit list: who did what in administration, and what came of it."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.contract.fields import Moment
from ledger.contract.operation import Call, Operation
from ledger.contract.paging import Cursor, Keyset, Limit
from ledger.contract.response import Response
from ledger.contract.shared import given, moment_of
from ledger.core.instants import format_instant, to_instant
from ledger.store.audit_log import ActFilter, ActRow

_ACTS: Final = Keyset(tuple[Annotated[int, Meta(ge=1, le=2**63 - 1)]])

_Name = Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f-\x9f]{1,128}\Z", max_length=128)]


class ActsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of acts, newest first: of an actor, an operation or a subject, or of all."""

    actor: _Name | UnsetType = UNSET
    operation: _Name | UnsetType = UNSET
    subject: _Name | UnsetType = UNSET
    limit: Limit = 100
    after: Cursor | UnsetType = UNSET


class ActAnswer(Struct, frozen=True):
    """An act, written down before it was done.

    `actor` is a caller, or `host:` and a user of the server; `operation` the id of the call;
    `outcome` the status of its answer, null while it runs, and for ever where nobody knows.
    """

    act_id: int
    at: Moment
    actor: str
    operation: str
    subject: str
    detail: dict[str, Any]
    request_id: str
    outcome: int | None
    outcome_at: Moment | None


class ActsAnswer(Struct, frozen=True):
    """A page of acts."""

    items: list[ActAnswer]
    next: str | None


def _render_act(row: ActRow) -> ActAnswer:
    return ActAnswer(
        act_id=row.act_id,
        at=format_instant(to_instant(row.at)),
        actor=row.actor,
        operation=row.operation,
        subject=row.subject,
        detail=msgspec.json.decode(row.detail),
        request_id=row.request_id,
        outcome=row.outcome,
        outcome_at=moment_of(row.outcome_at),
    )


async def list_acts(call: Call[None, ActsQuery]) -> Response:
    """List acts."""
    query = call.query
    wanted = ActFilter(given(query.actor), given(query.operation), given(query.subject))
    before = None if isinstance(query.after, UnsetType) else _ACTS.key(query.after)[0]
    rows = await call.ledger.audit_log.list(wanted, query.limit + 1, before)
    page = rows[: query.limit]
    cursor = _ACTS.cursor((page[-1].act_id,)) if len(rows) > query.limit else None
    return Response(200, ActsAnswer([_render_act(row) for row in page], cursor))


OPERATIONS: Final = (
    Operation(
        id="listActs",
        method="GET",
        path="/v1/acts",
        tag="Administration",
        summary="List what administrators did, newest first",
        run=list_acts,
        scopes=("admin:write", "admin:approve", "finance:read"),
        query=ActsQuery,
        answers={200: ActsAnswer},
        example_query={"operation": "freezeWallet"},
        example_answer=ActsAnswer(
            [
                ActAnswer(
                    act_id=42,
                    at="2026-03-01T01:00:00.123456Z",
                    actor="ann",
                    operation="freezeWallet",
                    subject="user-7f3a",
                    detail={"key_id": "key-0123456789abcdef", "idempotency_key": "freeze-1"},
                    request_id="4f1d2c3b5a6978870123456789abcdef",
                    outcome=200,
                    outcome_at="2026-03-01T01:00:00.129456Z",
                )
            ],
            None,
        ),
    ),
)
