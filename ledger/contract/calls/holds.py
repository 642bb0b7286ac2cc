"""Holds: authorize value for a job, then capture, void or extend it; read and list."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from ledger.contract.access import MENDS
from ledger.contract.calls.charges import DebitBody, price_fields
from ledger.contract.examples import CHARGE, HOLD, QUOTE, TAKES, WALLET
from ledger.contract.fields import Amount, AmountText, Id, Moment, positive_amount, shown
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.paging import Cursor, Keyset, Limit
from ledger.contract.problems import ProblemError, problem, problem_of
from ledger.contract.response import Response
from ledger.contract.shared import (
    Body,
    Codes,
    EmptyBody,
    Numbers,
    PriceAnswer,
    TakeAnswer,
    given,
    render_price,
    render_takes,
)
from ledger.contract.submission import submit
from ledger.core.flows.hold import (
    HOLD_TTL_MAX_S,
    AuthorizeHold,
    CaptureHold,
    ExtendHold,
    HoldAuthorized,
    HoldCaptured,
    HoldExtended,
    HoldVoided,
    VoidHold,
)
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason, rejected
from ledger.core.wallet import ClosedHold, Hold, HoldStatus

ExpiresIn = Annotated[
    int,
    Meta(
        description="Seconds from now",
        extra_json_schema={"minimum": 1, "maximum": HOLD_TTL_MAX_S},
    ),
]


_HOLDS: Final = Keyset(tuple[int, str])


class HoldsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of open holds; closed ones are read one by one."""

    status: Literal["open"] = "open"
    limit: Limit = 100
    after: Cursor | UnsetType = UNSET


class HoldBody(DebitBody, frozen=True):
    """A debit's price, and a hold's own id and life; `hold_id` is unique in the wallet for ever."""

    hold_id: Id | UnsetType = UNSET
    expires_in_s: ExpiresIn = 3_600


class CaptureBody(Body, frozen=True):
    """What to charge of a hold; everything when left out."""

    amount: AmountText | UnsetType = UNSET


class ExtendBody(Body, frozen=True):
    """When the hold shall expire instead."""

    expires_in_s: ExpiresIn


class HoldAnswer(Struct, frozen=True):
    """A hold; `charge_id` and `captured` are null unless it was captured."""

    hold_id: str
    wallet_id: str
    currency: str
    amount: Amount
    status: HoldStatus
    authorized_at: Moment
    expires_at: Moment
    takes: list[TakeAnswer]
    reference: str | None
    quote: PriceAnswer | None
    charge_id: str | None
    captured: Amount | None


class HoldsAnswer(Struct, frozen=True):
    """A page of open holds, oldest first."""

    items: list[HoldAnswer]
    next: str | None


class CaptureAnswer(Struct, frozen=True):
    """A captured hold: what was charged, and what went back to its lots."""

    charge_id: str
    hold_id: str
    wallet_id: str
    currency: str
    captured: Amount
    returned: Amount
    status: Literal["captured"]


def authorize_command(wallet_id: str, body: HoldBody, numbers: Numbers) -> AuthorizeHold:
    """Value set aside."""
    return AuthorizeHold(
        wallet_id,
        hold_id=given(body.hold_id),
        expires_in_s=_expires_in(body.expires_in_s),
        reference=given(body.reference),
        **price_fields(body, numbers),
    )


def capture_command(wallet_id: str, hold_id: str, body: CaptureBody) -> CaptureHold:
    """A hold charged."""
    if isinstance(body.amount, UnsetType):
        return CaptureHold(wallet_id, hold_id)
    instead = "a capture of nothing is a void: call …/void instead"
    return CaptureHold(wallet_id, hold_id, positive_amount(body.amount, "amount", instead=instead))


def extend_command(wallet_id: str, hold_id: str, body: ExtendBody) -> ExtendHold:
    """A hold's new expiry."""
    return ExtendHold(wallet_id, hold_id, _expires_in(body.expires_in_s))


def _expires_in(seconds: int) -> int:
    if not 1 <= seconds <= HOLD_TTL_MAX_S:
        detail = (
            f"expires_in_s was {shown(str(seconds))}; it is between 1 and {HOLD_TTL_MAX_S} seconds"
        )
        raise ProblemError(problem(Reason.EXPIRY_OUT_OF_RANGE, detail, field="expires_in_s"))
    return seconds


def render_hold(
    wallet_id: str, hold: Hold, codes: Codes, *, status: HoldStatus = "open"
) -> HoldAnswer:
    """A hold, open unless said otherwise."""
    return HoldAnswer(
        hold_id=hold.hold_id,
        wallet_id=wallet_id,
        currency=codes[hold.currency],
        amount=format_amount(hold.amount_minor),
        status=status,
        authorized_at=format_instant(hold.authorized_at),
        expires_at=format_instant(hold.expires_at),
        takes=render_takes(hold.takes),
        reference=hold.reference,
        quote=render_price(hold.quote),
        charge_id=None,
        captured=None,
    )


def render_closed_hold(wallet_id: str, closed: ClosedHold, codes: Codes) -> HoldAnswer:
    """A hold after its end."""
    answer = render_hold(wallet_id, closed.hold, codes, status=closed.status)
    if closed.status != "captured":
        return answer
    captured = format_amount(closed.captured_minor)
    return replace(answer, charge_id=closed.charge_id, captured=captured)


def render_capture(wallet_id: str, event: HoldCaptured, codes: Codes) -> CaptureAnswer:
    """The answer to a capture."""
    return CaptureAnswer(
        charge_id=event.charge.charge_id,
        hold_id=event.hold_id,
        wallet_id=wallet_id,
        currency=codes[event.charge.currency],
        captured=format_amount(event.charge.amount_minor),
        returned=format_amount(sum(take.amount_minor for take in event.returned)),
        status="captured",
    )


def render_authorized(wallet_id: str, event: HoldAuthorized, codes: Codes) -> HoldAnswer:
    """The answer to an authorization."""
    return render_hold(wallet_id, event.hold, codes)


def render_voided(wallet_id: str, event: HoldVoided, codes: Codes) -> HoldAnswer:
    """The answer to a void."""
    return render_hold(wallet_id, event.hold, codes, status="voided")


def render_extended(wallet_id: str, event: HoldExtended, codes: Codes) -> HoldAnswer:
    """The answer to an extension."""
    return render_hold(wallet_id, event.hold, codes)


async def authorize(call: Call[HoldBody, NoQuery]) -> Response:
    """Set value aside."""
    wallet_id = call.params["wallet_id"]
    command = authorize_command(wallet_id, call.body, call.currencies.numbers)
    return await submit(call, command)


async def read_hold(call: Call[None, NoQuery]) -> Response:
    """Read one hold, open or closed."""
    wallet_id, hold_id = call.params["wallet_id"], call.params["hold_id"]
    codes = call.currencies.codes
    hold = await call.ledger.wallets.read_hold(wallet_id, hold_id)
    if hold is None:
        return problem_of(rejected(Reason.HOLD_NOT_FOUND, hold_id=hold_id), codes).response()
    if isinstance(hold, ClosedHold):
        return Response(200, render_closed_hold(wallet_id, hold, codes))
    return Response(200, render_hold(wallet_id, hold, codes))


async def list_holds(call: Call[None, HoldsQuery]) -> Response:
    """List the open holds, oldest first."""
    wallet_id, query = call.params["wallet_id"], call.query
    view = await call.ledger.wallets.read(wallet_id)
    holds, following = _HOLDS.page(view.wallet.holds, _rank, query.limit, query.after)
    items = [render_hold(wallet_id, hold, call.currencies.codes) for hold in holds]
    return Response(200, HoldsAnswer(items, following))


def _rank(hold: Hold) -> tuple[int, str]:
    return hold.authorized_at, hold.hold_id


async def capture(call: Call[CaptureBody, NoQuery]) -> Response:
    """Charge a hold, and so close it."""
    wallet_id, hold_id = call.params["wallet_id"], call.params["hold_id"]
    return await submit(call, capture_command(wallet_id, hold_id, call.body))


async def void(call: Call[EmptyBody, NoQuery]) -> Response:
    """Void a hold, so that its takes return to their lots."""
    return await submit(call, VoidHold(call.params["wallet_id"], call.params["hold_id"]))


async def extend(call: Call[ExtendBody, NoQuery]) -> Response:
    """Let a hold expire at another time."""
    wallet_id, hold_id = call.params["wallet_id"], call.params["hold_id"]
    return await submit(call, extend_command(wallet_id, hold_id, call.body))


_ONE: Final = "/v1/wallets/{wallet_id}/holds/{hold_id}"


def example_hold(status: HoldStatus = "open") -> HoldAnswer:
    """A hold of the price of a short video."""
    return HoldAnswer(
        hold_id=HOLD,
        wallet_id=WALLET,
        currency="INSPIRATION",
        amount="10.00",
        status=status,
        authorized_at="2026-03-01T01:00:00.123456Z",
        expires_at="2026-03-01T02:00:00.123456Z",
        takes=TAKES,
        reference="render-1842",
        quote=QUOTE,
        charge_id=None,
        captured=None,
    )


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
        responds={HoldAuthorized: (201, render_authorized)},
        commands=(AuthorizeHold,),
        problems=(Reason.UNKNOWN_CURRENCY, Reason.AMOUNT_OUT_OF_RANGE),
        example_body=HoldBody(sku="video-5s-standard", hold_id=HOLD, reference="render-1842"),
        example_answer=example_hold(),
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
        example_answer=HoldsAnswer([example_hold()], None),
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
        example_answer=example_hold(),
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
        responds={HoldCaptured: (200, render_capture)},
        commands=(CaptureHold,),
        problems=(Reason.AMOUNT_OUT_OF_RANGE,),
        example_body=CaptureBody(amount="8"),
        example_answer=CaptureAnswer(
            charge_id=CHARGE,
            hold_id=HOLD,
            wallet_id=WALLET,
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
        responds={HoldVoided: (200, render_voided)},
        commands=(VoidHold,),
        example_body=EmptyBody(),
        example_answer=example_hold("voided"),
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
        responds={HoldExtended: (200, render_extended)},
        commands=(ExtendHold,),
        example_body=ExtendBody(7_200),
        example_answer=example_hold(),
    ),
)
