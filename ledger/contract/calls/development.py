"""Development: the clock that moves forward."""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.contract.fields import Moment, MomentIn
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import ProblemError, problem
from ledger.contract.response import Response
from ledger.contract.shared import Body
from ledger.core.instants import INSTANT_MAX, SECOND_US, format_instant, to_instant
from ledger.engine.clock import ClockError


class ClockBody(Body, frozen=True):
    """Either `advance_s`, 0 allowed, or `at`."""

    advance_s: Annotated[int, Meta(extra_json_schema={"minimum": 0})] | UnsetType = UNSET
    at: MomentIn | UnsetType = UNSET


class ClockAnswer(Struct, frozen=True):
    """The service's clock."""

    at: Moment


async def move_clock(call: Call[ClockBody, NoQuery]) -> Response:
    """Move the service's clock forward, or read it with `advance_s` 0."""
    advance_s, at = call.body.advance_s, call.body.at
    try:
        if isinstance(at, UnsetType) and not isinstance(advance_s, UnsetType):
            # Beyond the last instant there is no telling how far beyond.
            bounded_s = max(-1, min(advance_s, INSTANT_MAX // SECOND_US))
            now = await call.ledger.clock.advance(bounded_s * SECOND_US)
        elif isinstance(advance_s, UnsetType) and not isinstance(at, UnsetType):
            now = await call.ledger.clock.move_to(to_instant(at))
        else:
            raise _malformed("Name either advance_s or at.")
    except ClockError as error:
        raise _malformed(f"{error}.") from None
    return Response(200, ClockAnswer(format_instant(now)))


def _malformed(detail: str) -> ProblemError:
    return ProblemError(problem("malformed", detail))


OPERATIONS: Final = (
    Operation(
        id="moveClock",
        method="POST",
        path="/v1/dev/clock",
        tag="Development",
        summary="Move the development clock forward",
        run=move_clock,
        scopes=("admin:write",),
        body=ClockBody,
        answers={200: ClockAnswer},
        development=True,
        only_http=True,
        example_body=ClockBody(advance_s=86_400),
        example_answer=ClockAnswer("2026-03-02T01:00:00Z"),
    ),
)
