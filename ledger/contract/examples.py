"""Examples of the document: the ids that its examples have in common."""

from typing import Final

from ledger.channels import EXAMPLE
from ledger.contract.shared import PriceAnswer, TakeAnswer

CHANNEL: Final = EXAMPLE
WALLET: Final = "user-7f3a"


LOT: Final = "lot-019a4c7e5b1d8f20c3a97be61d4f02"


HOLD: Final = "job-1842"


CHARGE: Final = "ch-0-4711"


ORDER: Final = "00019a4c7e5b1d8f20c3a97be61d4f02"


REFUND: Final = "00019a4c7f00112233445566778899aa"


TAKES: Final = [TakeAnswer(LOT, "10.00")]


QUOTE: Final = PriceAnswer("video-5s-standard", 1, "2026-01-01")
