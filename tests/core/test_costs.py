"""Cost and VAT of a paid lot: over its life the shares are exactly what was paid."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.core.chart import LIABILITY_INSPIRATION, VAT_PAYABLE, VAT_PENDING
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, HoldAuthorized
from ledger.core.flows.refund import RefundCharge
from tests.core.steps import balance, now_in, recharge
from tests.kit.currencies import INSPIRATION
from tests.kit.desk import Desk, desk_at
from tests.kit.examples import examples
from tests.kit.stories.invariants import check_invariants

parts = st.lists(st.tuples(st.sampled_from("dddhr"), st.integers(1, 9)), max_size=50)
"""Mostly less than a fen's worth: VAT then moves with takes whose share of the cost is nothing."""


def spend_in_parts(desk: Desk, parts: list[tuple[str, int]]) -> None:
    """Debits, holds captured by half, and refunds of the last charge, as the letters say."""
    last_charge = ""
    for how, amount in parts:
        if how == "r":
            desk.send(RefundCharge("ann", last_charge, "failed", amount))
        elif how == "h":
            held = desk.send(AuthorizeHold("ann", INSPIRATION, amount))
            if isinstance(held, HoldAuthorized):
                desk.send(CaptureHold("ann", held.hold.hold_id, (amount + 1) // 2))
        else:
            charged = desk.send(Debit("ann", INSPIRATION, amount))
            last_charge = charged.charge.charge_id if isinstance(charged, DebitCharged) else ""


@given(st.integers(1, 950), parts)
@examples(60)
def test_a_lot_spent_in_any_parts_moves_exactly_its_cost_and_vat(
    at_first: int, parts: list[tuple[str, int]]
) -> None:
    """Once all is spent no fen is left in contract liability or VAT pending: no one-cent drift."""
    desk = desk_at("2026-03-10T12:00")
    recharge(desk, 100)
    spend_in_parts(desk, [("d", at_first), *parts])
    check_invariants(desk.journal)
    (lot,) = now_in(desk).lots or (None,)
    if lot is not None:
        assert balance(desk, VAT_PENDING) == -lot.vat_left_fen
        assert balance(desk, LIABILITY_INSPIRATION) == lot.vat_left_fen - lot.cost_left_fen
        desk.send(Debit("ann", INSPIRATION, lot.available_minor))
    assert balance(desk, VAT_PENDING) == balance(desk, LIABILITY_INSPIRATION) == 0
    assert balance(desk, VAT_PAYABLE) == -6
