"""The past in a query: `at`, and the wallet as it was then."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, UnsetType

from ledger.contract.fields import MomentIn, shown
from ledger.contract.operation import Call
from ledger.contract.problems import ProblemError, problem
from ledger.core.instants import Instant, format_instant, to_datetime, to_instant
from ledger.queries.wallets import WalletView, YetToComeError

At = Annotated[
    str,
    Meta(
        max_length=64,
        description=(
            "As it was then, not after now: RFC 3339 with any offset; in a query + is written %2B"
        ),
        extra_json_schema={"format": "date-time"},
    ),
]

_HOW: Final = "Send RFC 3339 with an offset, such as 2026-03-01T09:00:00Z"


async def read_wallet(call: Call[Any, Any], at: str | UnsetType) -> WalletView:
    """The path's wallet, now or as it was. Raises ProblemError `malformed` for a wrong `at`."""
    wallet_id = call.params["wallet_id"]
    if isinstance(at, UnsetType):
        return await call.ledger.wallets.read(wallet_id)
    try:
        return await call.ledger.wallets.read_at(wallet_id, _instant(at))
    except YetToComeError as early:
        now = format_instant(early.now)
        detail = f"at was {shown(at)}, which is yet to come: it is {now}. Name a time up to that."
        raise ProblemError(problem("malformed", detail, field="at", now=now)) from None


def _instant(at: str) -> Instant:
    try:
        instant = to_instant(msgspec.convert(at, MomentIn))
        to_datetime(min(instant, 0))
    except (msgspec.ValidationError, OverflowError):
        how = "; a + in a query means a space, so write it as %2B" if " " in at else ""
        detail = f"at was {shown(at)}, which is no time. {_HOW}{how}."
        raise ProblemError(problem("malformed", detail, field="at")) from None
    return instant
