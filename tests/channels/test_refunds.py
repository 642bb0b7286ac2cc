"""Refunds of orders at their channel: asked for, paid back, refused, forgotten, contradicted."""

import pytest

from tests.channels.sender import (
    Sender,
    behave,
    failure,
    not_taken,
    refund,
    settled,
    taken,
    won,
)
from tests.kit.http_calls import balance, new_wallet, post, state
from tests.kit.http_steps import Body, books, done, fetched, moved, ordered, paid, recharged
from tests.kit.serving import Client

RECHARGE = {"kind": "recharge", "currency": "INSPIRATION", "price_cny": "10"}
FUNDS, REFUNDS = "assets:funds:sandbox CNY", "liabilities:refunds CNY"


async def asked(http: Client, order: Body, amount: str = "4.00") -> str:
    """The id of a refund that was asked for."""
    body = {"amount_cny": amount, "reason": "changed my mind"}
    refund_body = await done(http, f"/v1/orders/{order['order_id']}/refund", body, 202)
    refund_id: str = refund_body["refund_id"]
    return refund_id


async def now(http: Client, order: Body) -> tuple[str, str, str, str]:
    """An order's status, and of its price what is on its way back, given back, taken back."""
    body = await fetched(http, f"/v1/orders/{order['order_id']}")
    return (
        body["status"],
        body["refunding_cny"],
        body["refunded_cny"],
        body["reversed_cny"],
    )


async def test_the_channel_is_asked_at_once(http: Client) -> None:
    """The answer comes first; soon after the channel has said yes, and the money is gone."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    before = await books(http, "CNY")
    refund_body = await settled(http, await asked(http, order), "confirmed")
    assert refund_body["resolved_at"] is not None
    assert await now(http, order) == ("partly_refunded", "0.00", "4.00", "0.00")
    assert await balance(http, wallet) == ("60.00", "0.00")
    changes = moved(before, await books(http, "CNY"))
    assert changes[FUNDS] == "-4.00"
    assert REFUNDS not in changes


async def test_a_refused_refund_returns_everything(http: Client) -> None:
    """Points and money are where they were, and the order is as paid as before."""
    await behave(http, "fail")
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    before = await books(http, "CNY")
    await settled(http, await asked(http, order), "failed")
    assert await now(http, order) == ("paid", "0.00", "0.00", "0.00")
    assert await balance(http, wallet) == ("100.00", "0.00")
    assert moved(before, await books(http, "CNY")) == {}


@pytest.mark.channels
async def test_a_channel_that_said_nothing_is_asked_again(http: Client) -> None:
    """By the job of the running service, under the same number, until it is settled."""
    await behave(http, "silent")
    order = await recharged(http, new_wallet(), 10, "INSPIRATION")
    refund_id = await asked(http, order)
    assert (await fetched(http, f"/v1/refunds/{refund_id}"))["status"] == "requested"
    await behave(http, "succeed")
    await settled(http, refund_id, "confirmed")
    assert await now(http, order) == ("partly_refunded", "0.00", "4.00", "0.00")


async def test_a_silent_refund_is_confirmed_once_and_for_all(sender: Sender, http: Client) -> None:
    """Told twice it is booked once; told later that it failed, the first word stands."""
    await behave(http, "silent")
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    before = await books(http, "CNY")
    refund_id = await asked(http, order)
    assert await now(http, order) == ("paid", "4.00", "0.00", "0.00")
    path = f"/v1/channels/sandbox/refunds/{refund_id}"
    for word in ("confirm", "confirm", "fail"):
        answer = await http.post(f"{path}/{word}")
        assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
        assert await now(http, order) == ("partly_refunded", "0.00", "4.00", "0.00")
    taken(await sender.say(refund(order, refund_id, 400)))
    taken(await sender.say(failure(order, refund_id)))
    assert moved(before, await books(http, "CNY"))[FUNDS] == "-4.00"
    assert await balance(http, wallet) == ("60.00", "0.00")


async def test_money_that_left_after_all_is_taken_from_the_wallet(http: Client) -> None:
    """Success after failure: the refund stays failed, and what left is a reversal; once."""
    await behave(http, "silent")
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    before = await books(http, "CNY")
    refund_id = await asked(http, order)
    path = f"/v1/channels/sandbox/refunds/{refund_id}"
    for word in ("fail", "fail"):
        assert (await http.post(f"{path}/{word}")).json()["status"] == "failed"
        assert await balance(http, wallet) == ("100.00", "0.00")
    for word in ("confirm", "confirm"):
        assert (await http.post(f"{path}/{word}")).json()["status"] == "failed"
        assert await balance(http, wallet) == ("60.00", "0.00")
        assert await now(http, order) == ("partly_refunded", "0.00", "0.00", "4.00")
    changes = moved(before, await books(http, "CNY"))
    assert changes[FUNDS] == "-4.00"
    assert REFUNDS not in changes


async def test_a_refund_that_is_none_of_ours_is_a_reversal(sender: Sender, http: Client) -> None:
    """Given at the channel's own desk, perhaps; told twice it is booked once."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    for _ in range(2):
        taken(await sender.say(refund(order, "REFUND-AT-THE-DESK", 300)))
    assert await now(http, order) == ("partly_refunded", "0.00", "0.00", "3.00")
    assert await balance(http, wallet) == ("70.00", "0.00")
    taken(await sender.say(failure(order, "REFUND-AT-THE-DESK-2")))
    assert await balance(http, wallet) == ("70.00", "0.00")


async def test_a_refund_of_another_order_is_none_of_ours(sender: Sender, http: Client) -> None:
    """A number of ours with an order that it does not belong to moves nothing of that refund."""
    await behave(http, "silent")
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    other = await recharged(http, new_wallet(), 10, "INSPIRATION")
    refund_id = await asked(http, order)
    taken(await sender.say(refund(other, refund_id, 400)))
    assert await now(http, other) == ("partly_refunded", "0.00", "0.00", "4.00")
    taken(await sender.say(failure(other, refund_id)))
    assert await now(http, order) == ("paid", "4.00", "0.00", "0.00")
    taken(await sender.say(failure(order, refund_id)))


async def test_a_refund_of_another_amount_is_for_people(sender: Sender, http: Client) -> None:
    """The books would say something else than the channel: it is not acknowledged."""
    await behave(http, "silent")
    order = await recharged(http, new_wallet(), 10, "INSPIRATION")
    refund_id = await asked(http, order)
    assert "400 fen were asked for" in not_taken(await sender.say(refund(order, refund_id, 401)))
    assert await now(http, order) == ("paid", "4.00", "0.00", "0.00")
    taken(await sender.say(refund(order, refund_id, 400)))
    assert await now(http, order) == ("partly_refunded", "0.00", "4.00", "0.00")


async def test_a_refund_told_of_before_its_payment_waits_for_it(
    sender: Sender, http: Client
) -> None:
    """Not acknowledged, and no refusal remembered: told again after the payment it is booked."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    early = refund(order, "EARLY", 300)
    before = await state(http, wallet)
    for _ in range(2):
        assert "not paid yet" in not_taken(await sender.say(early))
    assert await state(http, wallet) == before
    await paid(http, order)
    for _ in range(2):
        taken(await sender.say(early))
    assert await now(http, order) == ("partly_refunded", "0.00", "0.00", "3.00")
    assert await balance(http, wallet) == ("70.00", "0.00")


async def test_a_refund_that_bounces_is_found_in_suspense(sender: Sender, http: Client) -> None:
    """The money came back to us under our own number: no value is owed for it, people decide."""
    order = await recharged(http, new_wallet(), 10, "INSPIRATION")
    refund_id = await asked(http, order)
    await settled(http, refund_id, "confirmed")
    before = await books(http, "CNY")
    for _ in range(2):
        taken(await sender.say(won(order, 400, refund_id)))
    changes = moved(before, await books(http, "CNY"))
    assert changes == {FUNDS: "4.00", "suspense CNY": "-4.00"}


async def test_a_refund_under_way_survives_the_orders_spending(
    sender: Sender, http: Client
) -> None:
    """What is set aside cannot be spent meanwhile; what is left can."""
    await behave(http, "silent")
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    refund_id = await asked(http, order)
    debit = {"currency": "INSPIRATION", "amount": "60"}
    assert (await post(http, f"{wallet}/debits", debit)).status_code == 201
    assert (await post(http, f"{wallet}/debits", debit | {"amount": "0.01"})).status_code == 402
    taken(await sender.say(refund(order, refund_id, 400)))
    assert await now(http, order) == ("partly_refunded", "0.00", "4.00", "0.00")
    assert await balance(http, wallet) == ("0.00", "0.00")
