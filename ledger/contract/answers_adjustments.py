"""Answers to adjustments: what two people gave or took away."""

from msgspec import Struct

from ledger.contract.fields import Amount, Moment
from ledger.core.flows.adjustment import Direction


class AdjustedLotAnswer(Struct, frozen=True):
    """How much a lot was given, or lost."""

    lot_id: str
    amount: Amount


class AdjustmentAnswer(Struct, frozen=True):
    """A balance that was corrected: one new lot, or what was taken away of each lot."""

    wallet_id: str
    proposal_id: str
    direction: Direction
    currency: str
    amount: Amount
    lots: list[AdjustedLotAnswer]
    available_after: Amount
    proposed_by: str
    approved_by: str
    adjusted_at: Moment
