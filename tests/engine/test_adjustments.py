"""Adjustments on a real ledger: submitted once under their proposal, booked, and told."""

from typing import Any

from ledger.contract.history.entries import render_entry
from ledger.contract.operations import RESPONSES
from ledger.contract.proposals.adjustments import AdjustedLotAnswer, AdjustmentAnswer
from ledger.contract.submission import response_for
from ledger.core.flows.adjustment import Adjust, BalanceAdjusted
from ledger.core.flows.grant import Grant
from ledger.core.instants import format_instant
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences

CODES = {INSPIRATION: "INSPIRATION"}
WHY = "credited to Mr Example twice"


async def test_an_adjustment_is_booked_once_and_told_to_whoever_reads_the_wallet(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """Its answer, its entry in the wallet's history, its accounts, and nothing for verify."""
    credit = Adjust("w", "prop-1", "amy", "ben", "credit", INSPIRATION, 500, WHY)
    made = (await ledger.submit("approval:ben", "prop-1", credit)).outcome
    assert isinstance(made, BalanceAdjusted)
    assert made.lot is not None
    await ledger.submit("app", "g", Grant("w", INSPIRATION, 300, "promotional", "a gift"))
    debit = Adjust("w", "prop-2", "amy", "cleo", "debit", INSPIRATION, 600, WHY)
    first = await ledger.submit("approval:cleo", "prop-2", debit)
    again = await ledger.submit("approval:cleo", "prop-2", debit)
    assert (again.replayed, again.outcome) == (True, first.outcome)
    assert isinstance(first.outcome, BalanceAdjusted)
    assert await differences(database) == []
    lots = [take.lot.lot_id for take in first.outcome.takes]
    assert response_for("w", first.outcome, RESPONSES, CODES) == (
        201,
        AdjustmentAnswer(
            wallet_id="w",
            proposal_id="prop-2",
            direction="debit",
            currency="INSPIRATION",
            amount="6.00",
            lots=[AdjustedLotAnswer(lots[0], "5.00"), AdjustedLotAnswer(lots[1], "1.00")],
            available_after="2.00",
            proposed_by="amy",
            approved_by="cleo",
            adjusted_at=format_instant(first.outcome.adjusted_at),
        ),
    )
    _, of_credit = response_for("w", made, RESPONSES, CODES)
    assert isinstance(of_credit, AdjustmentAnswer)
    assert of_credit.lots == [AdjustedLotAnswer(made.lot.lot_id, "5.00")]
    entries, _ = await ledger.history.read_entries("w", None, 10)
    newest, _, oldest = [render_entry(entry, CODES) for entry in entries]
    assert (newest.type, newest.amount, newest.available_change) == (
        "balance_adjusted",
        "6.00",
        "-6.00",
    )
    assert (newest.lot_id, newest.reason) == (None, WHY)
    assert (oldest.lot_id, oldest.available_after) == (made.lot.lot_id, "5.00")
    assert await ledger.texts.erase("w") == 3
    (erased, *_), _ = await ledger.history.read_entries("w", None, 1)
    assert erased.recorded.reason is None
    codes = await owner.fetch(
        "SELECT account, code, sum(amount)::bigint AS net FROM postings"
        " WHERE account LIKE 'points:adjusted:%' GROUP BY account, code ORDER BY account"
    )
    assert [tuple(row) for row in codes] == [
        ("points:adjusted:compensation", "9009.05", -500),
        ("points:adjusted:promotional", "9009.04", -100),
    ]
