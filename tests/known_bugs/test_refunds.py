"""Money that goes back: of what was spent already, and twice for one payment."""

import pytest

from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.order import OpenRecharge
from ledger.core.flows.order_refund import (
    ConfirmRefund,
    OrderRefundConfirmed,
    OrderRefundRequested,
    RefundOrder,
)
from ledger.core.flows.reversal import PaymentReversed, ReversePayment
from ledger.core.rejections import Reason
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences
from tests.kit.http_calls import new_wallet, post
from tests.kit.http_steps import body_of, recharged
from tests.kit.serving import Client
from tests.kit.steps import available, closing_of, done, order_now, paid, refused


async def test_a_refund_of_spent_points_is_owed_and_not_forgotten(http: Client) -> None:
    """RevenueCat: a refund of spent coins was floored at zero: money lost.

    Rule: what is left goes first, and for what was spent the user owes a claim, which the next
    recharge pays before it buys points.
    """
    wallet = new_wallet()
    order_id = (await recharged(http, wallet, "10", "INSPIRATION"))["order_id"]
    body_of(await post(http, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "60"}))
    sandbox = "/v1/channels/sandbox/orders"
    for _ in range(2):
        taken = body_of(await http.post(f"{sandbox}/{order_id}/chargeback", json={}))
        assert (taken["status"], taken["reversed_cny"]) == ("refunded", "10.00")
    assert await _left_and_owed(http, wallet) == ("0.00", 600)
    for price_cny, repaid_cny, left, owed_fen in (
        ("5", "5.00", "0.00", 100),
        ("10", "1.00", "90.00", 0),
    ):
        paid_id = (await recharged(http, wallet, price_cny, "INSPIRATION"))["order_id"]
        paying = body_of(await http.get(f"/v1/orders/{paid_id}"))
        assert paying["claim_repaid_cny"] == repaid_cny
        assert await _left_and_owed(http, wallet) == (left, owed_fen)


async def _left_and_owed(http: Client, wallet: str) -> tuple[str, int]:
    body = body_of(await http.get(wallet))
    return body["balances"]["INSPIRATION"]["available"], body["claim_fen"]


async def test_a_refund_of_spent_points_is_booked_to_the_last_fen(
    ledger: Ledger, database: Database
) -> None:
    """RevenueCat: a refund of spent coins was floored at zero: money lost.

    Rule: revenue and VAT of the spent part are reversed against funds, and a claim that is repaid
    restores them.
    """
    order = await paid(ledger, OpenRecharge("w", INSPIRATION, 1_000, "sandbox"))
    await done(ledger, Debit("w", INSPIRATION, 6_000), DebitCharged)
    back = ReversePayment("w", order.order_id, "apple-1", 1_000)
    reversed_ = await done(ledger, back, PaymentReversed, "apple-1")
    assert reversed_.claim is not None
    assert (reversed_.claim.open_fen, reversed_.suspense_fen) == (600, 0)
    # The money went, so the revenue did: nothing is left in the books but the memorandum.
    assert await closing_of(ledger) == {}
    for price_fen in (500, 1_000):
        await paid(ledger, OpenRecharge("w", INSPIRATION, price_fen, "sandbox"))
    books = await closing_of(ledger)
    assert books["assets:funds:sandbox"] == 1_500
    assert books["revenue:generation"] + books["liabilities:vat:payable"] == -600
    assert await differences(database) == []


@pytest.mark.parametrize("spent_minor", [0, 6_000])
async def test_a_dispute_and_then_a_refund_take_value_back_once(
    ledger: Ledger, database: Database, spent_minor: int
) -> None:
    """fountain#1126: a dispute and then a refund clawed back twice.

    Rule: an order gives back at most what is outstanding of it. What a channel takes beyond that
    is in suspense, for people; the same word of a channel again is a replay.
    """
    order = await paid(ledger, OpenRecharge("w", INSPIRATION, 1_000, "sandbox"))
    await paid(ledger, OpenRecharge("w", INSPIRATION, 5_000, "sandbox"))
    if spent_minor:
        await done(ledger, Debit("w", INSPIRATION, spent_minor), DebitCharged)
    dispute = ReversePayment("w", order.order_id, "dispute", 1_000)
    for _ in range(2):
        await done(ledger, dispute, PaymentReversed, "dispute")
    claim_fen = spent_minor // 10
    left = 50_000
    for command in (
        RefundOrder("w", order.order_id, "test"),
        RefundOrder("w", order.order_id, "test", 1),
    ):
        await refused(ledger, command, Reason.REFUND_EXCEEDS_ORDER)
    refund = ReversePayment("w", order.order_id, "the refund of it", 1_000)
    second = await done(ledger, refund, PaymentReversed)
    assert (second.suspense_fen, second.takes, second.claim) == (1_000, (), None)
    wallet = (await ledger.wallets.read("w")).wallet
    assert (wallet.available_minor(INSPIRATION), wallet.claim_fen()) == (left, claim_fen)
    now = await order_now(ledger, order.order_id)
    assert (now.reversed_fen, now.status) == (1_000, "refunded")
    assert await differences(database) == []


async def test_a_refund_and_then_a_dispute_take_value_back_once(
    ledger: Ledger, database: Database
) -> None:
    """fountain#1126: a dispute and then a refund clawed back twice.

    Rule: the same, the other way round, also while the refund is still on its way.
    """
    order = await paid(ledger, OpenRecharge("w", INSPIRATION, 1_000, "sandbox"))
    await paid(ledger, OpenRecharge("w", INSPIRATION, 5_000, "sandbox"))
    await ledger.sandbox.behave("silent")
    ask = RefundOrder("w", order.order_id, "test")
    refund = (await done(ledger, ask, OrderRefundRequested)).refund
    assert await available(ledger, "w") == 50_000
    dispute = ReversePayment("w", order.order_id, "dispute", 1_000)
    reversed_ = await done(ledger, dispute, PaymentReversed)
    assert (reversed_.suspense_fen, reversed_.takes, reversed_.claim) == (1_000, (), None)
    confirm = ConfirmRefund("w", refund.refund_id, order.order_id)
    await done(ledger, confirm, OrderRefundConfirmed)
    await refused(ledger, confirm, Reason.REFUND_NOT_OPEN)
    wallet = (await ledger.wallets.read("w")).wallet
    assert (wallet.available_minor(INSPIRATION), wallet.claim_fen()) == (50_000, 0)
    assert (await closing_of(ledger))["suspense"] == 1_000
    assert await differences(database) == []
