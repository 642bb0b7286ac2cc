"""Payments as channels tell of them: late, twice, of a wrong amount, a second time."""

import asyncio

from ledger.store.pool import Connection
from tests.channels.sender import NOTIFICATIONS, Sender, behave, payment, refund, settled, taken
from tests.kit.http_calls import balance, new_wallet, post, problem
from tests.kit.http_steps import advance, books, called, fetched, moved, ordered, paid
from tests.kit.serving import Client

RECHARGE = {"kind": "recharge", "currency": "INSPIRATION", "price_cny": "10"}
FUNDS, SUSPENSE, REFUNDS = (
    "assets:funds:sandbox CNY",
    "suspense CNY",
    "liabilities:refunds CNY",
)
OTHERS = "f" * 32


async def test_a_payment_is_credited_once_however_often_it_is_told(
    sender: Sender, http: Client
) -> None:
    """Ten at once, and one later: every one is acknowledged, and one lot is there."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    answers = await asyncio.gather(*(sender.say(payment(order, 1_000)) for _ in range(10)))
    for answer in (*answers, await sender.say(payment(order, 1_000))):
        taken(answer)
    assert await balance(http, wallet) == ("100.00", "0.00")
    assert (await fetched(http, f"/v1/orders/{order['order_id']}"))["status"] == "paid"


async def test_a_payment_after_the_orders_end_is_honoured(sender: Sender, http: Client) -> None:
    """It reads as closed by then; the payment is credited all the same, and flagged."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    await advance(http, seconds=3 * 3_600)
    path = f"/v1/orders/{order['order_id']}"
    assert (await fetched(http, path))["status"] == "closed"
    taken(await sender.say(payment(order, 1_000)))
    now = await fetched(http, path)
    assert (now["status"], now["paid_late"]) == ("paid", True)
    assert await balance(http, wallet) == ("100.00", "0.00")


async def test_a_payment_of_another_amount_is_set_aside(http: Client) -> None:
    """It credits nothing and waits in suspense; the right amount is still to come."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    before = await books(http, "CNY")
    pay_url = order["payment"]["pay_url"]
    answer = await http.post(pay_url, json={"amount_cny": "9.99", "payment_id": "short"})
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert moved(before, await books(http, "CNY")) == {FUNDS: "9.99", SUSPENSE: "-9.99"}
    assert await balance(http, wallet) == ("0.00", "0.00")
    again = await http.post(pay_url, json={"payment_id": "short"})
    told_why = problem(again, 409, "order-not-payable")
    assert "this number was used before, with another amount_fen" in told_why["detail"]
    await paid(http, order)
    assert await balance(http, wallet) == ("100.00", "0.00")


async def test_a_second_payment_goes_back_to_the_payer_by_itself(
    http: Client, service: Connection
) -> None:
    """It buys nothing; the channel is asked to return it, and what it returned is booked."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    before = await books(http, "CNY")
    await paid(http, order)
    first = await books(http, "CNY")
    second = await http.post(order["payment"]["pay_url"], json={"payment_id": "twice"})
    assert second.json()["status"] == "paid"
    refund_id = await the_refund(service, wallet)
    returned = await settled(http, refund_id, "confirmed")
    assert (returned["payment_id"], returned["amount_cny"]) == ("twice", "10.00")
    assert moved(first, await books(http, "CNY")) == {}
    assert moved(before, await books(http, "CNY"))[FUNDS] == "10.00"
    assert await balance(http, wallet) == ("100.00", "0.00")
    now = await fetched(http, f"/v1/orders/{order['order_id']}")
    assert (now["status"], now["refunded_cny"], now["refunding_cny"]) == ("paid", "0.00", "0.00")


async def test_a_second_payment_that_cannot_be_returned_is_still_owed(
    sender: Sender, http: Client, service: Connection
) -> None:
    """Its channel says no, and the money stays aside; should it leave after all, that is booked."""
    await behave(http, "fail")
    wallet = new_wallet()
    order = await paid(http, await ordered(http, wallet, RECHARGE))
    before = await books(http, "CNY")
    taken(await sender.say(payment(order, 1_000, "twice")))
    refund_id = await the_refund(service, wallet)
    await settled(http, refund_id, "failed")
    assert moved(before, await books(http, "CNY")) == {FUNDS: "10.00", REFUNDS: "-10.00"}
    for _ in range(2):
        taken(await sender.say(refund(order, refund_id, 1_000)))
    assert (await fetched(http, f"/v1/refunds/{refund_id}"))["status"] == "confirmed"
    assert moved(before, await books(http, "CNY")) == {}
    assert await balance(http, wallet) == ("100.00", "0.00")


async def test_a_payment_for_a_closed_wallet_goes_back_to_the_payer(
    http: Client, service: Connection
) -> None:
    """Whoever closed it wants no points; the payment was under way already."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    assert (await post(http, f"{wallet}/close", {"reason": "gone"})).status_code == 200
    before = await books(http, "CNY")
    answer = await http.post(order["payment"]["pay_url"])
    assert (answer.status_code, answer.json()["status"]) == (200, "closed")
    await settled(http, await the_refund(service, wallet), "confirmed")
    assert moved(before, await books(http, "CNY")) == {}
    assert await balance(http, wallet) == ("0.00", "0.00")


async def the_refund(service: Connection, wallet: str) -> str:
    """The id of the wallet's only refund, which no call has told."""
    query = "SELECT id FROM documents WHERE kind = 'refund' AND wallet = $1"
    (row,) = await service.fetch(query, called(wallet))
    refund_id: str = row["id"]
    return refund_id


async def test_the_sandbox_pays_what_is_its_own(http: Client) -> None:
    """404 for orders and refunds that are none, and for any other channel; amounts are checked."""
    order = await ordered(http, new_wallet(), RECHARGE)
    for path in ("pay", "chargeback", "chargeback-reversed"):
        missing = await http.post(f"/v1/channels/sandbox/orders/{OTHERS}/{path}")
        assert problem(missing, 404, "not-found")["what"] == "order"
        elsewhere = await http.post(f"/v1/channels/wechat/orders/{order['order_id']}/{path}")
        assert problem(elsewhere, 404, "not-found")["what"] == "channel"
        url = f"/v1/channels/sandbox/orders/{order['order_id']}/{path}"
        for amount, slug in (("0", "amount-out-of-range"), ("-1", "malformed"), ("x", "malformed")):
            problem(await http.post(url, json={"amount_cny": amount}), 400, slug)
        for body in ({"payment_id": ""}, {"reversal_id": "a b"}, {"amount_cny": None}, {"x": 1}):
            problem(await http.post(url, json=body), 400, "malformed")
    for path in ("confirm", "fail"):
        for refund_id in (OTHERS, "none", order["order_id"]):
            missing = await http.post(f"/v1/channels/sandbox/refunds/{refund_id}/{path}")
            assert problem(missing, 404, "not-found")["what"] == "refund"
    for body in ({"refunds": "maybe"}, {}, {"refunds": None}):
        problem(await http.post("/v1/channels/sandbox/behaviour", json=body), 400, "malformed")
    assert (await post(http, NOTIFICATIONS, {})).status_code == 401
