"""The Python SDK of the ledger; it imports nothing else of ours but the messages of gRPC.

`LedgerClient` is for asyncio, `SyncLedgerClient` for everything else. README.md beside this file
shows all of it at work, and says what to do when an answer is lost.
"""

from ledger.client import batch, results
from ledger.client.answers import Document, Page, Result, Rows
from ledger.client.batching import BatchCommand, BatchResult
from ledger.client.client import LedgerClient
from ledger.client.errors import (
    FeedGap,
    FeedRewound,
    LedgerError,
    NoAnswer,
    OutcomeUnknown,
    Unavailable,
    UnexpectedAnswer,
)
from ledger.client.fields import new_key
from ledger.client.holding import HoldScope
from ledger.client.http import HttpTransport
from ledger.client.refusals import (
    AmountOutOfRange,
    ApprovalNeeded,
    CaptureExceedsHold,
    ClaimOpen,
    Forbidden,
    HoldExists,
    HoldNotOpen,
    IdempotencyKeyReused,
    InsufficientFunds,
    LimitExceeded,
    Malformed,
    NoMembership,
    NotFound,
    OrderNotPayable,
    RateLimited,
    RefundExceedsCharge,
    RefundExceedsOrder,
    Refused,
    Stopped,
    Unauthenticated,
    UnknownCurrency,
    UnknownSku,
    WalletClosed,
    WalletFrozen,
)
from ledger.client.retries import ONCE, Pace, RetryBudget, RetryPolicy
from ledger.client.sync import SyncHoldScope, SyncLedgerClient
from ledger.client.transport import Transport

__all__ = [
    "ONCE",
    "AmountOutOfRange",
    "ApprovalNeeded",
    "BatchCommand",
    "BatchResult",
    "CaptureExceedsHold",
    "ClaimOpen",
    "Document",
    "FeedGap",
    "FeedRewound",
    "Forbidden",
    "HoldExists",
    "HoldNotOpen",
    "HoldScope",
    "HttpTransport",
    "IdempotencyKeyReused",
    "InsufficientFunds",
    "LedgerClient",
    "LedgerError",
    "LimitExceeded",
    "Malformed",
    "NoAnswer",
    "NoMembership",
    "NotFound",
    "OrderNotPayable",
    "OutcomeUnknown",
    "Pace",
    "Page",
    "RateLimited",
    "RefundExceedsCharge",
    "RefundExceedsOrder",
    "Refused",
    "Result",
    "RetryBudget",
    "RetryPolicy",
    "Rows",
    "Stopped",
    "SyncHoldScope",
    "SyncLedgerClient",
    "Transport",
    "Unauthenticated",
    "Unavailable",
    "UnexpectedAnswer",
    "UnknownCurrency",
    "UnknownSku",
    "WalletClosed",
    "WalletFrozen",
    "batch",
    "new_key",
    "results",
]
