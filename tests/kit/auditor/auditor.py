"""The independent auditor: the rules of the domain once more, naively, in plain dicts and lists.

It shares no code with the ledger and imports nothing of it. It is told every operation and, since
the ledger draws ids and reads the clock, the id drawn and the instant recorded (microseconds since
1970); it says what the answer, every wallet and the books must then be. Amounts are minor units,
prices fen; currencies go by their code, accounts by their path.
"""

from copy import copy, deepcopy
from dataclasses import dataclass

from tests.kit.auditor.adjustments import Adjustments
from tests.kit.auditor.books import Catalogue, Dict, Purse, drop_empty_lots

DEFAULTS: dict[str, Dict] = {
    "debit": {
        "currency": None,
        "amount_minor": None,
        "sku": None,
        "quantity": 1,
        "reference": None,
    },
    "authorize_hold": {
        "currency": None,
        "amount_minor": None,
        "sku": None,
        "quantity": 1,
        "hold_id": None,
        "expires_in_s": 3_600,
        "reference": None,
    },
    "capture_hold": {"amount_minor": None},
    "refund_charge": {"amount_minor": None},
    "grant": {"expires_at": None},
    "open_membership": {"promotion": None},
    "refund_order": {"amount_fen": None},
    "transfer": {"reference": None},
    "pay_out": {"reference": None},
    "set_limit": {"day_minor": None, "single_minor": None},
    "close_wallet": {"forfeit_balance": False, "end_membership": False, "write_off_claim": False},
    "import_opening": {"lots": [], "claims": [], "payable_fen": 0},
    "adjust": {
        "source": "compensation",
        "expires_at": None,
        "lot_id": None,
        "include_paid": False,
    },
}

SPENDING = {"debit", "authorize_hold"}
FROZEN = SPENDING | {"convert", "transfer", "daily_grant"}
CLOSED = FROZEN | {
    "grant",
    "open_recharge",
    "open_membership",
    "freeze",
    "unfreeze",
    "set_limit",
    "close_wallet",
    "cancel_membership",
    "import_opening",
    "refund_order",
    "refund_charge",
    "adjust",
}

PRECEDENCE = (
    "unknown-sku", "unknown-plan", "unknown-channel", "unknown-promotion",
    "amount-out-of-range", "expiry-out-of-range",
    "not-convertible", "not-transferable", "transfer-to-self",
    "wallet-closed", "wallet-frozen", "claim-open", "stopped",
    "hold-exists", "hold-not-found", "hold-not-open", "charge-not-found",
    "order-not-found", "order-not-payable", "order-not-refundable",
    "refund-not-found", "refund-not-open", "transfer-not-found", "lot-not-found",
    "no-membership", "promotion-not-applicable", "upgrade-not-offered",
    "wallet-not-empty", "lot-exists",
    "capture-exceeds-hold", "refund-exceeds-charge", "refund-exceeds-order",
    "payout-exceeds-payable", "limit-exceeded", "insufficient-funds",
)  # fmt: skip
"""Of all rules that are broken the first is told: what is wrong with the request goes first."""


@dataclass(frozen=True)
class Operation:
    """One request: who asks what of which wallet, under which idempotency key."""

    wallet: str
    caller: str
    key: str
    kind: str
    fields: Dict


class Auditor(Adjustments):
    """Told of operations one by one; `purses` and `books` are what must be true after each."""

    def __init__(self, catalogue: Catalogue, *, closed_through: int = 0) -> None:
        super().__init__(catalogue, closed_through=closed_through)
        self.answers: dict[tuple[str, str, str], tuple[str, Dict, Dict]] = {}

    def answer(self, operation: Operation, at: int, drawn_id: str = "") -> Dict:
        """What the ledger must answer; `drawn_id` is the id that it drew, if it drew one."""
        self.catch_up(operation.wallet, at)
        fields = DEFAULTS.get(operation.kind, {}) | operation.fields
        request = (operation.wallet, operation.caller, operation.key)
        if request in self.answers:
            kind, first, first_answer = self.answers[request]
            if kind != operation.kind:
                return {"refused": "idempotency-key-reused", "fields": {"kind"}}
            differing = {name for name in fields if fields[name] != first[name]}
            if not differing:
                return first_answer
            named = differing - {"reason"} or differing
            return {"refused": "idempotency-key-reused", "fields": named}
        purse = self.purses.setdefault(operation.wallet, Purse())
        at_the_gate = self._refused_at_the_gate(purse, operation.kind, fields)
        # Refused or not, the rest of the rules are looked at too: but only on paper.
        auditor = self._on_paper() if at_the_gate else self
        purse = auditor.purses[operation.wallet]
        outcome: Dict = getattr(auditor, f"_{operation.kind}")(purse, fields, at, drawn_id)
        if at_the_gate:
            refusals = [answer for answer in (at_the_gate, outcome) if "refused" in answer]
            outcome = min(refusals, key=lambda answer: PRECEDENCE.index(answer["refused"]))
        drop_empty_lots(purse)
        self.answers[request] = (operation.kind, fields, outcome)
        return outcome

    def _on_paper(self) -> "Auditor":
        """One with the same purses and books, whatever becomes of them."""
        paper = copy(self)
        paper.purses, paper.books = deepcopy((self.purses, self.books))
        return paper

    def _refused_at_the_gate(self, purse: Purse, kind: str, fields: Dict) -> Dict:
        if purse.closed_at is not None and kind in CLOSED:
            return {"refused": "wallet-closed"}
        if purse.frozen and kind in FROZEN:
            return {"refused": "wallet-frozen"}
        if purse.claims and self.catalogue.claims_block_spending and kind in SPENDING:
            return {"refused": "claim-open"}
        named = {f"sku:{fields.get('sku')}", f"channel:{fields.get('channel')}"}
        return {"refused": "stopped"} if named & self.catalogue.stopped else {}
