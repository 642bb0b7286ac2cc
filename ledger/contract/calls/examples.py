"""Examples of the document, shared where several calls show the same thing."""

from typing import Final

from msgspec.structs import replace

from ledger.channels import EXAMPLE, example_instructions
from ledger.contract.answers import (
    ChargeAnswer,
    HoldAnswer,
    MembershipAnswer,
    PriceAnswer,
    QueuedAnswer,
    RechargeOrderAnswer,
    TakeAnswer,
)
from ledger.contract.render import render_payment
from ledger.core.wallet import HoldStatus

WALLET: Final = "user-7f3a"
LOT: Final = "lot-019a4c7e5b1d8f20c3a97be61d4f02"
HOLD: Final = "job-1842"
CHARGE: Final = "ch-0-4711"
ORDER: Final = "00019a4c7e5b1d8f20c3a97be61d4f02"
REFUND: Final = "00019a4c7f00112233445566778899aa"
TAKES: Final = [TakeAnswer(LOT, "10.00")]
CHANNEL: Final = EXAMPLE
QUOTE: Final = PriceAnswer("video-5s-standard", 1, "2026-01-01")


def hold(status: HoldStatus = "open") -> HoldAnswer:
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


CHARGED: Final = ChargeAnswer(
    charge_id=CHARGE,
    wallet_id=WALLET,
    hold_id=None,
    currency="INSPIRATION",
    amount="10.00",
    refunded="0.00",
    takes=TAKES,
    reference="render-1842",
    quote=QUOTE,
    charged_at="2026-03-01T01:00:00.123456Z",
)

MEMBERSHIP: Final = MembershipAnswer(
    plan="platinum",
    status="active",
    period="month",
    started_at="2026-03-01T00:30:00Z",
    ends_at="2026-07-01T00:30:00Z",
    next_grant_at="2026-04-01T00:30:00Z",
    months=1,
    months_granted=1,
    renews=False,
    entitlements=["watermark_removal", "video_extension"],
    queued=[QueuedAnswer(ORDER, "gold", "quarter", 3)],
    upgrades=[],
)

RECHARGE: Final = RechargeOrderAnswer(
    order_id=ORDER,
    wallet_id=WALLET,
    price_cny="10.00",
    status="pending",
    channel=CHANNEL,
    payment=render_payment(example_instructions(ORDER)),
    created_at="2026-03-01T01:00:00Z",
    expires_at="2026-03-01T03:00:00Z",
    paid_at=None,
    paid_late=False,
    refunding_cny="0.00",
    refunded_cny="0.00",
    reversed_cny="0.00",
    currency="INSPIRATION",
    amount="100.00",
    claim_repaid_cny="0.00",
)
RECHARGE_PAID: Final = replace(
    RECHARGE, status="paid", payment=None, paid_at="2026-03-01T01:02:03.456789Z"
)
