"""Holds: authorize value for a job, then capture, void or extend it; read and list."""

from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from ledger.contract import commands
from ledger.contract.access import MENDS
from ledger.contract.answer import Answer
from ledger.contract.answers import CaptureAnswer, HoldAnswer, HoldsAnswer
from ledger.contract.bodies import CaptureBody, EmptyBody, ExtendBody, HoldBody
from ledger.contract.calls import examples
from ledger.contract.calls.gates import GENERATES
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.paging import Cursor, Keyset, Limit
from ledger.contract.refusals import problem_of
from ledger.contract.render import render_closed_hold, render_hold
from ledger.contract.submission import submit
from ledger.core.flows.hold import VoidHold
from ledger.core.rejections import Reason, rejected
from ledger.core.wallet import ClosedHold, Hold

_HOLDS: Final = Keyset(tuple[int, str])


class HoldsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of open holds; closed ones are read one by one."""

    status: Literal["open"] = "open"
    limit: Limit = 100
    after: Cursor | UnsetType = UNSET


async def authorize(call: Call[HoldBody, NoQuery]) -> Answer:
    """Set value aside."""
    wallet_id = call.params["wallet_id"]
    command = commands.authorize_hold(wallet_id, call.body, call.currencies.numbers)
    return await submit(call, command)


async def read_hold(call: Call[None, NoQuery]) -> Answer:
    """Tell one hold, open or closed."""
    wallet_id, hold_id = call.params["wallet_id"], call.params["hold_id"]
    codes = call.currencies.codes
    found = await call.ledger.wallets.read_hold(wallet_id, hold_id)
    if found is None:
        return problem_of(rejected(Reason.HOLD_NOT_FOUND, hold_id=hold_id), codes).answer()
    if isinstance(found, ClosedHold):
        return Answer(200, render_closed_hold(wallet_id, found, codes))
    return Answer(200, render_hold(wallet_id, found, codes))


async def list_holds(call: Call[None, HoldsQuery]) -> Answer:
    """List the open holds, oldest first."""
    wallet_id, query = call.params["wallet_id"], call.query
    view = await call.ledger.wallets.read(wallet_id)
    holds, following = _HOLDS.page(view.wallet.holds, _rank, query.limit, query.after)
    items = [render_hold(wallet_id, hold, call.currencies.codes) for hold in holds]
    return Answer(200, HoldsAnswer(items, following))


def _rank(hold: Hold) -> tuple[int, str]:
    return hold.authorized_at, hold.hold_id


async def capture(call: Call[CaptureBody, NoQuery]) -> Answer:
    """Charge a hold, and so close it."""
    wallet_id, hold_id = call.params["wallet_id"], call.params["hold_id"]
    return await submit(call, commands.capture_hold(wallet_id, hold_id, call.body))


async def void(call: Call[EmptyBody, NoQuery]) -> Answer:
    """Give a hold back."""
    return await submit(call, VoidHold(call.params["wallet_id"], call.params["hold_id"]))


async def extend(call: Call[ExtendBody, NoQuery]) -> Answer:
    """Let a hold expire at another time."""
    wallet_id, hold_id = call.params["wallet_id"], call.params["hold_id"]
    return await submit(call, commands.extend_hold(wallet_id, hold_id, call.body))


_ONE: Final = "/v1/wallets/{wallet_id}/holds/{hold_id}"
_CLOSED: Final = (Reason.HOLD_NOT_FOUND, Reason.HOLD_NOT_OPEN)

OPERATIONS: Final = (
    Operation(
        id="authorizeHold",
        method="POST",
        path="/v1/wallets/{wallet_id}/holds",
        tag="Generation",
        summary="Authorize a hold",
        run=authorize,
        scopes=("debit:write",),
        body=HoldBody,
        needs_key=True,
        answers={201: HoldAnswer},
        reasons=(
            *GENERATES,
            Reason.UNKNOWN_SKU,
            Reason.EXPIRY_OUT_OF_RANGE,
            Reason.HOLD_EXISTS,
            Reason.LIMIT_EXCEEDED,
            Reason.INSUFFICIENT_FUNDS,
        ),
        problems=("unknown-currency", "amount-out-of-range"),
        example_body=HoldBody(
            sku="video-5s-standard", hold_id=examples.HOLD, reference="render-1842"
        ),
        example_answer=examples.hold(),
    ),
    Operation(
        id="listHolds",
        method="GET",
        path="/v1/wallets/{wallet_id}/holds",
        tag="Generation",
        summary="List a wallet's open holds",
        run=list_holds,
        scopes=("wallet:read",),
        query=HoldsQuery,
        answers={200: HoldsAnswer},
        example_query={"status": "open"},
        example_answer=HoldsAnswer([examples.hold()], None),
    ),
    Operation(
        id="readHold",
        method="GET",
        path=_ONE,
        tag="Generation",
        summary="Read a hold",
        run=read_hold,
        scopes=("wallet:read",),
        answers={200: HoldAnswer},
        reasons=(Reason.HOLD_NOT_FOUND,),
        example_answer=examples.hold(),
    ),
    Operation(
        id="captureHold",
        method="POST",
        path=f"{_ONE}/capture",
        tag="Generation",
        summary="Capture a hold",
        description="Also a partial capture closes the hold; the rest returns to its own lots.",
        run=capture,
        scopes=("debit:write",),
        body=CaptureBody,
        body_optional=True,
        needs_key=True,
        answers={200: CaptureAnswer},
        reasons=(*_CLOSED, Reason.CAPTURE_EXCEEDS_HOLD),
        problems=("amount-out-of-range",),
        example_body=CaptureBody(amount="8"),
        example_answer=CaptureAnswer(
            charge_id=examples.CHARGE,
            hold_id=examples.HOLD,
            wallet_id=examples.WALLET,
            currency="INSPIRATION",
            captured="8.00",
            returned="2.00",
            status="captured",
        ),
    ),
    Operation(
        id="voidHold",
        method="POST",
        path=f"{_ONE}/void",
        tag="Generation",
        summary="Void a hold",
        run=void,
        scopes=MENDS,
        audited_for_people=True,
        body=EmptyBody,
        body_optional=True,
        needs_key=True,
        answers={200: HoldAnswer},
        reasons=_CLOSED,
        example_body=EmptyBody(),
        example_answer=examples.hold("voided"),
    ),
    Operation(
        id="extendHold",
        method="POST",
        path=f"{_ONE}/extend",
        tag="Generation",
        summary="Let a hold expire at another time",
        run=extend,
        scopes=MENDS,
        audited_for_people=True,
        body=ExtendBody,
        needs_key=True,
        answers={200: HoldAnswer},
        reasons=(*_CLOSED, Reason.EXPIRY_OUT_OF_RANGE),
        example_body=ExtendBody(7_200),
        example_answer=examples.hold(),
    ),
)
