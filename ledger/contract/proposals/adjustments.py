"""Adjustments: what a corrected balance came to."""

from msgspec import Struct

from ledger.contract.fields import Amount, Moment
from ledger.contract.shared import Codes
from ledger.core.flows.adjustment import BalanceAdjusted, Direction
from ledger.core.instants import format_instant
from ledger.core.money import format_amount


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


def render_adjustment(wallet_id: str, event: BalanceAdjusted, codes: Codes) -> AdjustmentAnswer:
    """The answer to an adjustment."""
    amounts = [(take.lot.lot_id, take.amount_minor) for take in event.takes]
    if event.lot is not None:
        amounts = [(event.lot.lot_id, event.lot.amount_minor)]
    return AdjustmentAnswer(
        wallet_id=wallet_id,
        proposal_id=event.proposal_id,
        direction=event.direction,
        currency=codes[event.currency],
        amount=format_amount(event.amount_minor),
        lots=[AdjustedLotAnswer(lot_id, format_amount(minor)) for lot_id, minor in amounts],
        available_after=format_amount(event.available_after_minor),
        proposed_by=event.proposed_by,
        approved_by=event.approved_by,
        adjusted_at=format_instant(event.adjusted_at),
    )
