"""Examples of the document, shared where several calls show the same thing."""

from typing import Final

from ledger.core.wallet import HoldStatus
from ledger.http.answers import ChargeAnswer, HoldAnswer, PriceAnswer, TakeAnswer

WALLET: Final = "user-7f3a"
LOT: Final = "lot-019a4c7e5b1d8f20c3a97be61d4f02"
HOLD: Final = "job-1842"
CHARGE: Final = "ch-0-4711"
ORDER: Final = "00019a4c7e5b1d8f20c3a97be61d4f02"
TAKES: Final = [TakeAnswer(LOT, "10.00")]
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
