"""Small reads of terms and wallets that the edges use."""

from ledger.core.flows.debit import Debit
from ledger.core.flows.hold import AuthorizeHold
from ledger.core.rejections import Reason, Rejection
from tests.core.support import INSPIRATION, KUAIBI, TERMS, desk_at
from tests.core.test_holds_and_lots import expect, grant, now_in


def test_a_currency_number_has_its_code() -> None:
    """Numbers are for the log, codes for people."""
    assert TERMS.currency_code(INSPIRATION) == "INSPIRATION"
    assert TERMS.currency_code(KUAIBI) == "KUAIBI"


def test_settled_and_held_are_shown_apart() -> None:
    """A failed job once looked charged, because what is held was not told from what is spent."""
    desk = desk_at("2026-03-10T12:00")
    grant(desk, 100)
    desk.send(AuthorizeHold("ann", INSPIRATION, 30))
    wallet = now_in(desk)
    assert (wallet.available_minor(INSPIRATION), wallet.held_minor(INSPIRATION)) == (70, 30)
    assert (wallet.available_minor(KUAIBI), wallet.held_minor(KUAIBI)) == (0, 0)


def test_a_sku_costs_its_price_times_its_quantity() -> None:
    """0.2 points an image; the quote is frozen on the charge."""
    desk = desk_at("2026-03-10T12:00")
    grant(desk, 6_600)
    most = expect(Rejection, desk.send(Debit("ann", sku="image", quantity=331)))
    assert most.reason == Reason.INSUFFICIENT_FUNDS
    answer = desk.send(Debit("ann", sku="image", quantity=330))
    assert now_in(desk).lots == ()
    assert getattr(answer, "charge").quote.price_version == "2026-01-01"  # noqa: B009
