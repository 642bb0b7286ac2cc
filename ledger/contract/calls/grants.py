"""Grants: the day's free points, and points given without payment."""

from typing import Final, Literal, assert_never

from msgspec import UNSET, Struct, UnsetType

from ledger.contract.examples import LOT, WALLET
from ledger.contract.fields import (
    Amount,
    AmountText,
    CurrencyCode,
    Moment,
    MomentIn,
    ReasonText,
    positive_amount,
)
from ledger.contract.operation import Call, NoQuery, Operation
from ledger.contract.response import Response
from ledger.contract.shared import (
    Body,
    Codes,
    EmptyBody,
    Numbers,
    currency_number,
    moment,
    optional_instant,
)
from ledger.contract.submission import submit
from ledger.core.chart import Source
from ledger.core.flows.daily_grant import AlreadyTaken, DailyGranted, TakeDailyGrant, daily_taken_of
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason
from ledger.core.wallet import DailyTaken


class GrantBody(Body, frozen=True):
    """Points without payment; without `expires_at` they never expire."""

    currency: CurrencyCode
    amount: AmountText
    source: Literal["promotional", "compensation"]
    reason: ReasonText
    expires_at: MomentIn | UnsetType = UNSET


class GrantAnswer(Struct, frozen=True):
    """A granted lot."""

    lot_id: str
    wallet_id: str
    currency: str
    amount: Amount
    source: Source
    granted_at: Moment
    expires_at: Moment | None


class DailyGrantAnswer(Struct, frozen=True):
    """The day's points; `claimed_now` is false when they were claimed before."""

    lot_id: str
    currency: str
    amount: Amount
    expires_at: Moment
    claimed_now: bool


def grant_command(wallet_id: str, body: GrantBody, numbers: Numbers) -> Grant:
    """Points without payment."""
    return Grant(
        wallet_id,
        currency=currency_number(body.currency, numbers),
        amount_minor=positive_amount(body.amount, "amount"),
        source=body.source,
        reason=body.reason,
        expires_at=optional_instant(body.expires_at, "expires_at"),
    )


def render_grant(wallet_id: str, event: LotGranted, codes: Codes) -> GrantAnswer:
    """The answer to a grant."""
    lot = event.lot
    return GrantAnswer(
        lot_id=lot.lot_id,
        wallet_id=wallet_id,
        currency=codes[lot.currency],
        amount=format_amount(lot.amount_minor),
        source=lot.source,
        granted_at=format_instant(lot.granted_at),
        expires_at=moment(lot.expires_at),
    )


def render_daily_grant(
    _: str, event: DailyGranted | AlreadyTaken, codes: Codes
) -> DailyGrantAnswer:
    """The answer to taking the daily grant, for the first time that day or again."""
    match event:
        case DailyGranted():
            return _render_daily_taken(daily_taken_of(event), codes, claimed_now=True)
        case AlreadyTaken(taken):
            return _render_daily_taken(taken, codes, claimed_now=False)
        case _:
            assert_never(event)


def _render_daily_taken(taken: DailyTaken, codes: Codes, *, claimed_now: bool) -> DailyGrantAnswer:
    return DailyGrantAnswer(
        lot_id=taken.lot_id,
        currency=codes[taken.currency],
        amount=format_amount(taken.amount_minor),
        expires_at=format_instant(taken.expires_at),
        claimed_now=claimed_now,
    )


async def take_daily_grant(call: Call[EmptyBody, NoQuery]) -> Response:
    """Give the day's points, once."""
    return await submit(call, TakeDailyGrant(call.params["wallet_id"]))


async def grant(call: Call[GrantBody, NoQuery]) -> Response:
    """Give points without payment."""
    wallet_id = call.params["wallet_id"]
    return await submit(call, grant_command(wallet_id, call.body, call.currencies.numbers))


EXAMPLE_DAILY_GRANT: Final = DailyGrantAnswer(
    LOT, "INSPIRATION", "66.00", "2026-03-01T16:00:00Z", claimed_now=True
)

OPERATIONS: Final = (
    Operation(
        id="claimDailyGrant",
        method="POST",
        path="/v1/wallets/{wallet_id}/daily-grant",
        tag="Wallet",
        summary="Claim the day's free points",
        description=(
            "Once a day in Shanghai; a later call that day is answered 200, with the first grant."
        ),
        run=take_daily_grant,
        scopes=("credit:write",),
        body=EmptyBody,
        body_optional=True,
        needs_key=True,
        responds={
            DailyGranted: (201, render_daily_grant),
            AlreadyTaken: (200, render_daily_grant),
        },
        commands=(TakeDailyGrant,),
        example_body=EmptyBody(),
        example_answer=EXAMPLE_DAILY_GRANT,
    ),
    Operation(
        id="grant",
        method="POST",
        path="/v1/wallets/{wallet_id}/grants",
        tag="Wallet",
        summary="Grant points without payment",
        run=grant,
        scopes=("credit:write",),
        audited_for_people=True,
        body=GrantBody,
        needs_key=True,
        responds={LotGranted: (201, render_grant)},
        commands=(Grant,),
        problems=(Reason.UNKNOWN_CURRENCY, Reason.AMOUNT_OUT_OF_RANGE),
        example_body=GrantBody("INSPIRATION", "50", "promotional", "spring campaign"),
        example_answer=GrantAnswer(
            LOT, WALLET, "INSPIRATION", "50.00", "promotional", "2026-03-01T01:00:00Z", None
        ),
    ),
)
