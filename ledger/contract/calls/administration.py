"""Administration: the switches that stop a channel, a SKU or a caller."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.contract.fields import Moment, ReasonText
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.problems import Problem, ProblemError, problem
from ledger.contract.response import Response
from ledger.contract.shared import Body
from ledger.core.instants import format_instant
from ledger.core.rejections import Reason
from ledger.store.switches import Switch, SwitchKind

Name = Annotated[
    str,
    Meta(
        pattern=r"\A[^\x00-\x1f\x7f-\x9f]{1,64}\Z",
        min_length=1,
        max_length=64,
        description="The channel, the SKU or the caller",
    ),
]


class SwitchBody(Body, frozen=True):
    """Stop something, or let it go on; to say the same again changes nothing."""

    kind: SwitchKind
    name: Name
    stopped: bool
    reason: ReasonText


class SwitchAnswer(Struct, frozen=True):
    """Something that can be stopped: since when it is (real time), who stopped it last and why."""

    kind: SwitchKind
    name: str
    stopped: bool
    stopped_at: Moment | None
    stopped_by: str | None
    reason: str | None


class SwitchesAnswer(Struct, frozen=True):
    """All that is stopped, by kind and name."""

    items: list[SwitchAnswer]


def _render_switch(switch: Switch) -> SwitchAnswer:
    return SwitchAnswer(
        switch.kind,
        switch.name,
        stopped=True,
        stopped_at=format_instant(switch.stopped_at),
        stopped_by=switch.stopped_by,
        reason=switch.reason,
    )


async def list_switches(call: Call[None, NoQuery]) -> Response:
    """List the channels, SKUs and callers that are stopped."""
    switches = await call.ledger.switches.list()
    return Response(200, SwitchesAnswer([_render_switch(switch) for switch in switches]))


async def throw_switch(call: Call[SwitchBody, NoQuery]) -> Response:
    """Stop something or let it go on; answered once every process knows."""
    kind, name, by = call.body.kind, call.body.name, call.caller.name
    controls = call.ledger.controls
    if not call.body.stopped:
        if not await controls.resume(kind, name, by, call.body.reason):
            await _check_name(call)
        return Response(
            200,
            SwitchAnswer(kind, name, stopped=False, stopped_at=None, stopped_by=None, reason=None),
        )
    await _check_name(call)
    if kind == "caller" and name == by:
        detail = "A caller cannot stop itself: nobody might be left to let it go on. Ask another."
        raise ProblemError(problem("malformed", detail, field="name"))
    switch = await controls.stop(kind, name, by, call.body.reason)
    if switch is None:
        raise ProblemError(_no_such_caller(name))
    return Response(200, _render_switch(switch))


async def _check_name(call: Call[SwitchBody, NoQuery]) -> None:
    """Raises ProblemError for what is not in the catalogue, or no caller."""
    kind, name = call.body.kind, call.body.name
    if kind == "caller":
        if not await call.ledger.callers.exists(name):
            raise ProblemError(_no_such_caller(name))
        return
    terms = call.terms
    known = terms.channels if kind == "channel" else terms.skus
    if name not in known:
        there_are = ", ".join(sorted(known)) or "none"
        detail = f"There is no {kind} of the name {name!a}. There are: {there_are}."
        slug = Reason.UNKNOWN_CHANNEL if kind == "channel" else Reason.UNKNOWN_SKU
        raise ProblemError(problem(slug, detail, **{kind: name}))


def _subject(call: Call[SwitchBody, NoQuery]) -> str:
    return f"{call.body.kind}:{call.body.name}"


def _no_such_caller(name: str) -> Problem:
    detail = f"There is no caller of the name {name!a}: `ledger key list` shows those there are."
    return problem("malformed", detail, field="name")


_STOPPED: Final = SwitchAnswer(
    "sku",
    "video-10s-professional",
    stopped=True,
    stopped_at="2026-03-01T01:00:00.123456Z",
    stopped_by="operations",
    reason="The model is down.",
)

OPERATIONS: Final = (
    Operation(
        id="listSwitches",
        method="GET",
        path="/v1/switches",
        tag="Administration",
        summary="List what is stopped",
        run=list_switches,
        scopes=("admin:write",),
        answers={200: SwitchesAnswer},
        example_answer=SwitchesAnswer([_STOPPED]),
    ),
    Operation(
        id="throwSwitch",
        method="POST",
        path="/v1/switches",
        tag="Administration",
        summary="Stop a channel, a SKU or a caller, or let it go on",
        description=(
            "A stopped channel takes no orders, a stopped SKU is not sold, and nothing is done for "
            "a stopped caller; payments, captures, refunds and whatever falls due go on. Once this "
            "is answered, a second after it was written, it is in force in every process."
        ),
        run=throw_switch,
        scopes=("admin:write",),
        audited=True,
        keeps_words=True,
        subject=_subject,
        body=SwitchBody,
        answers={200: SwitchAnswer},
        problems=(Reason.UNKNOWN_CHANNEL, Reason.UNKNOWN_SKU),
        example_body=SwitchBody(
            "sku", "video-10s-professional", stopped=True, reason="The model is down."
        ),
        example_answer=_STOPPED,
    ),
)
