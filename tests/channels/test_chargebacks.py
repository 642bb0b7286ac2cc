"""Payments taken back by the channel, and given back: claims, repayments, restorations."""

import pytest

from tests.channels.sender import (
    Sender,
    behave,
    chargeback,
    not_taken,
    payment,
    refund,
    settled,
    taken,
    won,
)
from tests.kit.http_calls import balance, new_wallet, post, problem, state
from tests.kit.http_steps import Body, books, done, fetched, moved, ordered, recharged
from tests.kit.serving import Client

RECHARGE = {"kind": "recharge", "currency": "INSPIRATION", "price_cny": "10"}
SPENT = {"currency": "INSPIRATION", "amount": "80"}


async def owed(http: Client, wallet: str) -> int:
    """What the wallet owes, in fen; the sum of its claims."""
    wallet_body = await state(http, wallet)
    claims = [int(claim["open_cny"].replace(".", "")) for claim in wallet_body["claims"]]
    assert sum(claims) == wallet_body["claim_fen"]
    return int(wallet_body["claim_fen"])


async def charged_back(http: Client, order: Body, **body: str) -> Body:
    """The order after the sandbox took its payment back."""
    answer = await http.post(
        f"/v1/channels/sandbox/orders/{order['order_id']}/chargeback", json=body
    )
    assert answer.status_code == 200, answer.text
    order_body: Body = answer.json()
    return order_body


async def given_back(http: Client, order: Body, **body: str) -> Body:
    """The order after the sandbox gave back what it took."""
    path = f"/v1/channels/sandbox/orders/{order['order_id']}/chargeback-reversed"
    answer = await http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    order_body: Body = answer.json()
    return order_body


async def test_the_story_of_a_claim(http: Client) -> None:
    """Chargeback after spending, repaid by a recharge, reopened by its refund, and won."""
    wallet = new_wallet()
    start = await books(http, "CNY")
    order = await recharged(http, wallet, 10, "INSPIRATION")
    await done(http, f"{wallet}/debits", SPENT, 201)
    for _ in range(2):  # the second changes nothing
        reversed_order = await charged_back(http, order)
        assert (reversed_order["status"], reversed_order["reversed_cny"]) == ("refunded", "10.00")
        assert await balance(http, wallet) == ("0.00", "0.00")
        assert await owed(http, wallet) == 800
    second = await recharged(http, wallet, 10, "INSPIRATION")
    assert second["claim_repaid_cny"] == "8.00"
    assert await owed(http, wallet) == 0
    assert await balance(http, wallet) == ("20.00", "0.00")
    body = {"reason": "wanted points, not debts"}
    asked = await done(http, f"/v1/orders/{second['order_id']}/refund", body, 202)
    assert asked["amount_cny"] == "10.00"
    await settled(http, asked["refund_id"], "confirmed")
    assert await balance(http, wallet) == ("0.00", "0.00")
    assert await owed(http, wallet) == 800
    for _ in range(2):
        restored_order = await given_back(http, order)
        assert (restored_order["status"], restored_order["reversed_cny"]) == ("paid", "0.00")
        assert await owed(http, wallet) == 0
        # Of 10 yuan, 8 cancelled the claim, and 2 are points again.
        assert await balance(http, wallet) == ("20.00", "0.00")
    assert moved(start, await books(http, "CNY"))["assets:funds:sandbox CNY"] == "10.00"


async def test_a_claim_is_repaid_bit_by_bit(http: Client) -> None:
    """A recharge smaller than the claim makes no lot at all; what was repaid stays repaid."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    await done(http, f"{wallet}/debits", SPENT, 201)
    await charged_back(http, order)
    small = await recharged(http, wallet, 3, "INSPIRATION")
    assert small["claim_repaid_cny"] == "3.00"
    assert await owed(http, wallet) == 500
    assert await balance(http, wallet) == ("0.00", "0.00")
    await given_back(http, order)
    # 5 yuan cancel what is left of the claim; the 5 others come as points.
    assert await owed(http, wallet) == 0
    assert await balance(http, wallet) == ("50.00", "0.00")


async def test_a_reversal_told_of_before_its_payment_waits_for_it(
    sender: Sender, http: Client
) -> None:
    """Not acknowledged, and no refusal remembered: told again after the payment it is booked."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    before = await state(http, wallet)
    early = chargeback(order, 1_000)
    for _ in range(2):
        assert "not paid yet" in not_taken(await sender.say(early))
    path = f"/v1/channels/sandbox/orders/{order['order_id']}"
    told_why = problem(await http.post(f"{path}/chargeback"), 409, "order-not-refundable")
    assert "not paid yet" in told_why["detail"]
    assert await state(http, wallet) == before
    taken(await sender.say(payment(order, 1_000)))
    for _ in range(2):
        taken(await sender.say(early))
    assert (await fetched(http, f"/v1/orders/{order['order_id']}"))["reversed_cny"] == "10.00"
    assert await balance(http, wallet) == ("0.00", "0.00")
    assert await owed(http, wallet) == 0


async def test_a_restoration_told_of_before_its_reversal_waits_for_it(
    sender: Sender, http: Client
) -> None:
    """Else it would lie in suspense, while the reversal takes the value for good."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    before = await state(http, wallet)
    early = won(order, 600, "cb-7")
    taken(await sender.say(chargeback(order, 200, "cb-6")))
    for _ in range(2):
        assert "nothing was taken back under this number" in not_taken(await sender.say(early))
    path = f"/v1/channels/sandbox/orders/{order['order_id']}/chargeback-reversed"
    problem(await http.post(path), 409, "order-not-refundable")
    taken(await sender.say(chargeback(order, 600, "cb-7")))
    assert await balance(http, wallet) == ("20.00", "0.00")
    for _ in range(2):
        taken(await sender.say(early))
    taken(await sender.say(won(order, 200, "cb-6")))
    after = await state(http, wallet)
    assert after["balances"] == before["balances"]
    assert (await fetched(http, f"/v1/orders/{order['order_id']}"))["status"] == "paid"


async def test_a_reversal_and_its_restoration_may_share_a_number(
    sender: Sender, http: Client
) -> None:
    """Also that of the payment: the three are told apart, and each is booked once."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    for _ in range(2):
        taken(await sender.say(payment(order, 1_000, "42")))
    for _ in range(2):
        taken(await sender.say(chargeback(order, 1_000, "42")))
        assert await balance(http, wallet) == ("0.00", "0.00")
    for _ in range(2):
        taken(await sender.say(won(order, 1_000, "42")))
        assert await balance(http, wallet) == ("100.00", "0.00")
    assert "another amount_fen" in not_taken(await sender.say(chargeback(order, 999, "42")))
    assert await balance(http, wallet) == ("100.00", "0.00")


async def test_more_is_taken_back_than_was_paid(http: Client) -> None:
    """What nobody owes lies in suspense, and leaves it when it is given back."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    before = await books(http, "CNY")
    await charged_back(http, order, amount_cny="12.50")
    changes = moved(before, await books(http, "CNY"))
    assert changes["assets:funds:sandbox CNY"] == "-12.50"
    assert changes["suspense CNY"] == "2.50"
    await given_back(http, order)
    changes = moved(before, await books(http, "CNY"))
    assert "assets:funds:sandbox CNY" not in changes
    assert "suspense CNY" not in changes
    assert await balance(http, wallet) == ("100.00", "0.00")


@pytest.mark.parametrize("period", ["month", "quarter"])
async def test_a_membership_whose_payment_is_taken_back_ends(
    sender: Sender, http: Client, period: str
) -> None:
    """Its ungranted months and its unspent points go; what was spent of it is owed."""
    wallet = new_wallet()
    body = {"kind": "membership", "plan": "gold", "period": period}
    order = await ordered(http, wallet, body)
    taken(await sender.say(payment(order, int(order["price_cny"].replace(".", "")))))
    await done(http, f"{wallet}/debits", SPENT, 201)
    reversed_order = await charged_back(http, order)
    assert reversed_order["status"] == "refunded"
    after = await state(http, wallet)
    assert after["membership"] is None
    assert after["balances"]["INSPIRATION"]["available"] == "0.00"
    assert await owed(http, wallet) > 0


async def test_a_chargeback_while_a_refund_is_under_way(sender: Sender, http: Client) -> None:
    """The refund's part is not taken twice: it is owed neither by the wallet nor by us."""
    await behave(http, "silent")
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    before = await books(http, "CNY")
    path = f"/v1/orders/{order['order_id']}/refund"
    asked = await done(http, path, {"amount_cny": "4", "reason": "?"}, 202)
    await charged_back(http, order)
    assert await balance(http, wallet) == ("0.00", "0.00")
    assert await owed(http, wallet) == 0
    taken(await sender.say(refund(order, asked["refund_id"], 400)))
    changes = moved(before, await books(http, "CNY"))
    assert changes["assets:funds:sandbox CNY"] == "-14.00"
    assert changes["suspense CNY"] == "4.00"


async def test_a_closed_wallets_payments_may_still_be_taken_back(http: Client) -> None:
    """The channel has moved the money, so it is booked; a claim may remain."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    body = {"reason": "gone", "forfeit_balance": True}
    assert (await post(http, f"{wallet}/close", body)).status_code == 200
    await charged_back(http, order)
    assert await owed(http, wallet) == 1_000
    await given_back(http, order)
    assert await owed(http, wallet) == 0
