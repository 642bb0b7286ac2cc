"""Examples of proposals, open and decided."""

from typing import Any, Final

from ledger.contract.answers_adjustments import AdjustedLotAnswer, AdjustmentAnswer
from ledger.contract.answers_proposals import (
    OutcomeAnswer,
    ProposalAnswer,
    ProposedAdjustmentAnswer,
)
from ledger.contract.examples import LOT, WALLET

_PROPOSAL: Final = "prop-019a4c7e5b1d8f20c3a97be61d4f02"
_OPEN: Final[dict[str, Any]] = {
    "proposal_id": _PROPOSAL,
    "kind": "adjustment",
    "wallet_id": WALLET,
    "command": ProposedAdjustmentAnswer(
        direction="credit",
        currency="INSPIRATION",
        amount="50.00",
        source="compensation",
        expires_at=None,
        lot_id=None,
        include_paid=None,
    ),
    "reason": "three renders failed on our side",
    "evidence": "TICKET-4711",
    "proposed_by": "li.hua",
    "proposed_at": "2026-03-01T01:00:00.123456Z",
    "expires_at": "2026-03-02T01:00:00.123456Z",
}
UNDECIDED: Final = ProposalAnswer(
    **_OPEN,
    status="open",
    decided_by=None,
    decided_at=None,
    decision_reason=None,
    executed_at=None,
    outcome=None,
)
_DECIDED: Final[dict[str, Any]] = _OPEN | {
    "decided_by": "wang.fang",
    "decided_at": "2026-03-01T01:30:00Z",
    "decision_reason": "seen the logs",
}
DONE: Final = ProposalAnswer(
    **_DECIDED,
    status="done",
    executed_at="2026-03-01T01:30:00.012345Z",
    outcome=OutcomeAnswer(
        201,
        AdjustmentAnswer(
            wallet_id=WALLET,
            proposal_id=_PROPOSAL,
            direction="credit",
            currency="INSPIRATION",
            amount="50.00",
            lots=[AdjustedLotAnswer(LOT, "50.00")],
            available_after="106.00",
            proposed_by="li.hua",
            approved_by="wang.fang",
            adjusted_at="2026-03-01T01:30:00.011Z",
        ),
    ),
)
REJECTED: Final = ProposalAnswer(**_DECIDED, status="rejected", executed_at=None, outcome=None)
WITHDRAWN: Final = ProposalAnswer(
    **(_DECIDED | {"decided_by": "li.hua", "decision_reason": "wrong wallet"}),
    status="withdrawn",
    executed_at=None,
    outcome=None,
)
