"""Callers: listed, limited in what they send, and described to themselves."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.access.callers import Scope
from ledger.access.rates import BURST_MAX, RATE_MAX
from ledger.contract.fields import Moment, ReasonText
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.paging import Cursor, Keyset, Limit
from ledger.contract.problems import ProblemError, problem, problem_of
from ledger.contract.response import Response
from ledger.contract.shared import Body, given
from ledger.core.instants import format_instant, to_instant
from ledger.core.rejections import Rejection
from ledger.store.callers import CallerRow
from ledger.store.keys import CallerKind

LOOKERS: Final[tuple[Scope, ...]] = ("admin:write", "admin:approve")
"""Who may look at callers and keys."""

_NAMES: Final = Keyset(tuple[str])


class CallersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of callers, by name."""

    limit: Limit = 100
    after: Cursor | UnsetType = UNSET


class RateBody(Body, frozen=True):
    """How much a caller may send: both numbers, or neither for no limit."""

    reason: ReasonText
    rate_per_s: (
        Annotated[int, Meta(ge=1, le=RATE_MAX, description="Commands a second, for long")]
        | UnsetType
    ) = UNSET
    burst: (
        Annotated[int, Meta(ge=1, le=BURST_MAX, description="Commands at once, after a rest")]
        | UnsetType
    ) = UNSET


class CallerAnswer(Struct, frozen=True):
    """A caller: a service, a person, or the one of a development ledger.

    Of the limit each process of the service counts by itself; null means that there is none.
    """

    caller: str
    kind: CallerKind
    rate_per_s: int | None
    burst: int | None
    stopped: bool
    created_at: Moment


class CallersAnswer(Struct, frozen=True):
    """A page of callers."""

    items: list[CallerAnswer]
    next: str | None


class MeAnswer(Struct, frozen=True):
    """Who calls, by which key, and what that key allows."""

    caller: str
    kind: CallerKind
    key_id: str
    scopes: Sequence[str]
    rate_per_s: int | None
    burst: int | None


def _render_caller(row: CallerRow) -> CallerAnswer:
    return CallerAnswer(
        row.name,
        row.kind,
        row.rate_per_s,
        row.burst,
        stopped=row.stopped_at is not None,
        created_at=format_instant(to_instant(row.created_at)),
    )


async def read_me(call: Call[None, NoQuery]) -> Response:
    """Read the caller of the key that was sent."""
    caller, rate = call.caller, call.caller.rate
    limit = (None, None) if rate is None else (rate.per_s, rate.burst)
    return Response(
        200, MeAnswer(caller.name, caller.kind, caller.key_id, sorted(caller.scopes), *limit)
    )


async def list_callers(call: Call[None, CallersQuery]) -> Response:
    """List the callers there are."""
    rows = await call.ledger.callers.list()
    page, following = _NAMES.page(rows, lambda row: (row.name,), call.query.limit, call.query.after)
    return Response(200, CallersAnswer([_render_caller(row) for row in page], following))


async def limit_rate(call: Call[RateBody, NoQuery]) -> Response:
    """Limit a caller, or lift its limit."""
    name, body = call.params["caller_name"], call.body
    rate_per_s, burst = given(body.rate_per_s), given(body.burst)
    if (rate_per_s is None) != (burst is None):
        missing = "burst" if burst is None else "rate_per_s"
        detail = "A limit has both rate_per_s and burst; send neither for no limit."
        raise ProblemError(problem("malformed", detail, field=missing))
    limited = await call.ledger.callers.limit(name, rate_per_s, burst)
    if isinstance(limited, Rejection):
        return problem_of(limited, call.currencies.codes).response()
    return Response(200, _render_caller(limited))


_STUDIO: Final = CallerAnswer(
    "studio", "service", 200, 1_000, stopped=False, created_at="2026-03-01T01:00:00.123456Z"
)

OPERATIONS: Final = (
    Operation(
        id="readMe",
        method="GET",
        path="/v1/callers/me",
        tag="Callers",
        summary="Show the caller and the scopes of the key",
        run=read_me,
        answers={200: MeAnswer},
        example_answer=MeAnswer(
            "studio", "service", "key-0123456789abcdef", ["debit:write", "wallet:read"], 200, 1_000
        ),
    ),
    Operation(
        id="listCallers",
        method="GET",
        path="/v1/callers",
        tag="Callers",
        summary="List callers, by name",
        run=list_callers,
        scopes=LOOKERS,
        query=CallersQuery,
        answers={200: CallersAnswer},
        example_query={"limit": "20"},
        example_answer=CallersAnswer([_STUDIO], None),
    ),
    Operation(
        id="limitCaller",
        method="POST",
        path="/v1/callers/{caller_name}/rate",
        tag="Callers",
        summary="Limit how much a caller may send, or lift its limit",
        description=(
            "All keys of a caller share its limit; each process of the service counts by itself. A "
            "batch counts as its commands and may exceed the limit: the caller is then refused "
            "until its rate has made up for it. Within a second every process knows."
        ),
        run=limit_rate,
        scopes=("admin:write",),
        audited=True,
        keeps_words=True,
        body=RateBody,
        answers={200: CallerAnswer},
        problems=("not-found",),
        example_body=RateBody("twice its peak", rate_per_s=200, burst=1_000),
        example_answer=_STUDIO,
    ),
)
