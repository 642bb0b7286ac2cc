"""Gates: what a call may be refused for before its own rules, by what the call does."""

from typing import Final

from ledger.core.rejections import Reason

CHANGES: Final = (Reason.WALLET_CLOSED,)
"""Anything asked of a wallet that is closed for good."""

SPENDS: Final = (*CHANGES, Reason.WALLET_FROZEN)
"""Value leaves the wallet, or the day's points are claimed."""

GENERATES: Final = (*SPENDS, Reason.CLAIM_OPEN, Reason.STOPPED)
"""Value is charged, or set aside, for a generation."""

ORDERS: Final = (*CHANGES, Reason.STOPPED)
"""Something is ordered at a channel."""
