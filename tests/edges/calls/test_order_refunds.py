"""Orders given up and given back over HTTP: close, refund, and what becomes of a refund."""

import pytest

from ledger.service import Ledger
from tests.kit.http_calls import balance, new_wallet, post, state
from tests.kit.http_steps import (
    Body,
    advance,
    books,
    called,
    done,
    eventually,
    fetched,
    joined,
    moved,
    ordered,
    paid,
    recharged,
    refused,
    replayed,
)
from tests.kit.keys import MakeKey
from tests.kit.serving import Client

RECHARGE = {"kind": "recharge", "currency": "KUAIBI", "price_cny": "10"}
WHY = {"reason": "changed their mind"}


async def behave(http: Client, refunds: str) -> None:
    """Say what the sandbox does about refunds from now on."""
    answer = await http.post("/v1/channels/sandbox/behaviour", json={"refunds": refunds})
    assert answer.status_code == 200, answer.text


async def resolved(http: Client, refund: Body) -> Body:
    """The refund once the channel has said something."""
    path = f"/v1/refunds/{refund['refund_id']}"
    return await eventually(
        lambda: fetched(http, path), lambda current: current["status"] != "requested"
    )


def refund_of(order: Body) -> str:
    """Where an order is refunded."""
    return f"/v1/orders/{order['order_id']}/refund"


async def test_a_pending_order_is_closed_once(http: Client) -> None:
    """200 with the order; then it cannot be closed again, nor can one that is paid."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    path = f"/v1/orders/{order['order_id']}/close"
    first = await post(http, path, {}, key="c")
    assert first.status_code == 200
    assert first.json() == order | {"status": "closed", "payment": None}
    await replayed(http, path, None, "c", first)
    assert await fetched(http, f"/v1/orders/{order['order_id']}") == first.json()
    again = refused(await post(http, path), 409, "order-not-payable")
    assert (again["order_id"], again["order_status"]) == (order["order_id"], "closed")
    settled = await recharged(http, wallet, 1)
    closing = await post(http, f"/v1/orders/{settled['order_id']}/close")
    assert refused(closing, 409, "order-not-payable")["order_status"] == "paid"


async def test_a_late_payment_of_a_closed_order_is_honoured(http: Client) -> None:
    """It was under way already; the order says that it was late."""
    wallet = new_wallet()
    opened = await post(http, f"{wallet}/orders", RECHARGE | {"channel": "sandbox"}, key="o")
    order = opened.json()
    await done(http, f"/v1/orders/{order['order_id']}/close", {}, 200)
    replay = await post(http, f"{wallet}/orders", RECHARGE | {"channel": "sandbox"}, key="o")
    assert (replay.status_code, replay.json()) == (201, order | {"payment": None})
    late = await paid(http, order)
    assert (late["paid_late"], late["payment"]) == (True, None)
    assert await balance(http, wallet, "KUAIBI") == ("100.00", "0.00")


async def test_what_is_unspent_of_an_order_is_refunded(alone: Client) -> None:
    """202 once it is set aside; the channel's word settles it; a replay says what was first."""
    wallet = new_wallet()
    order = await recharged(alone, wallet, 10)
    await done(alone, f"{wallet}/debits", {"currency": "KUAIBI", "amount": "30"}, 201)
    await behave(alone, "silent")
    before = await books(alone)
    first = await post(alone, refund_of(order), WHY, key="r")
    assert first.status_code == 202
    refund = first.json()
    (take,) = refund["takes"]
    assert take["amount"] == "70.00"
    assert refund == {
        "refund_id": refund["refund_id"],
        "order_id": order["order_id"],
        "wallet_id": called(wallet),
        "amount_cny": "7.00",
        "channel": "sandbox",
        "status": "requested",
        "takes": [take],
        "months": 0,
        "payment_id": None,
        "requested_at": refund["requested_at"],
        "resolved_at": None,
        "order": order | {"refunding_cny": "7.00"},
    }
    assert await balance(alone, wallet, "KUAIBI") == ("0.00", "0.00")
    # 7.00 of 10.00 with 0.40 of the 0.57 VAT: 0.17 went with the points spent.
    assert moved(before, await books(alone)) == {
        "liabilities:contract:kuaibi CNY": "6.60",
        "liabilities:vat:pending CNY": "0.40",
        "liabilities:refunds CNY": "-7.00",
        "points:available:purchased KUAIBI": "70.00",
        "points:refunding:purchased KUAIBI": "-70.00",
    }
    path = f"/v1/refunds/{refund['refund_id']}"
    assert await fetched(alone, path) == {n: refund[n] for n in refund.keys() - {"order"}}
    confirmed = await alone.post(f"/v1/channels/sandbox/refunds/{refund['refund_id']}/confirm")
    assert confirmed.status_code == 200, confirmed.text
    assert (await fetched(alone, path))["status"] == "confirmed"
    assert (await fetched(alone, path))["resolved_at"] > refund["requested_at"]
    assert moved(before, await books(alone)) == {
        "liabilities:contract:kuaibi CNY": "6.60",
        "liabilities:vat:pending CNY": "0.40",
        "assets:funds:sandbox CNY": "-7.00",
        "points:available:purchased KUAIBI": "70.00",
        "points:refunded:purchased KUAIBI": "-70.00",
    }
    assert await fetched(alone, f"/v1/orders/{order['order_id']}") == order | {
        "status": "partly_refunded",
        "refunded_cny": "7.00",
    }
    await replayed(alone, refund_of(order), WHY, "r", first)


async def test_a_refund_that_fails_gives_everything_back(alone: Client) -> None:
    """Points, and the order as it was; it may be asked for again."""
    wallet = new_wallet()
    order = await recharged(alone, wallet, 10)
    before = await books(alone)
    await behave(alone, "fail")
    refund = await done(alone, refund_of(order), WHY | {"amount_cny": "4.55"}, 202)
    assert (refund["amount_cny"], refund["takes"][0]["amount"]) == ("4.55", "45.50")
    assert (await resolved(alone, refund))["status"] == "failed"
    assert await balance(alone, wallet, "KUAIBI") == ("100.00", "0.00")
    assert moved(before, await books(alone)) == {}
    assert await fetched(alone, f"/v1/orders/{order['order_id']}") == order
    await behave(alone, "succeed")
    again = await done(alone, refund_of(order), WHY, 202)
    assert (await resolved(alone, again))["status"] == "confirmed"
    refunded = await fetched(alone, f"/v1/orders/{order['order_id']}")
    assert (refunded["status"], refunded["refunded_cny"]) == ("refunded", "10.00")


async def test_a_refunded_membership_ends(alone: Client) -> None:
    """Ungranted months and unspent points are given back, and nothing of it is left."""
    wallet = new_wallet()
    order = await joined(alone, wallet, "gold", "quarter")
    refund = await done(alone, refund_of(order), WHY, 202)
    assert (refund["amount_cny"], refund["months"]) == ("198.00", 2)
    assert [take["amount"] for take in refund["takes"]] == ["660.00"]
    after = await state(alone, wallet)
    assert after["membership"] is None
    assert after["balances"]["INSPIRATION"]["available"] == "0.00"
    assert (await resolved(alone, refund))["status"] == "confirmed"
    assert (await fetched(alone, f"/v1/orders/{order['order_id']}"))["status"] == "refunded"


async def test_months_go_before_points(http: Client) -> None:
    """A part of a membership's price takes its last months first."""
    wallet = new_wallet()
    order = await joined(http, wallet, "gold", "quarter")
    refund = await done(http, refund_of(order), WHY | {"amount_cny": "66"}, 202)
    assert (refund["takes"], refund["months"]) == ([], 1)
    after = await state(http, wallet)
    assert after["membership"]["months"] == 2
    assert after["balances"]["INSPIRATION"]["available"] == "660.00"


async def test_no_more_is_refunded_than_is_unspent(http: Client) -> None:
    """refund-exceeds-order tells what is left, and says when nothing is."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10)
    await done(http, f"{wallet}/debits", {"currency": "KUAIBI", "amount": "99"}, 201)
    more = await post(http, refund_of(order), WHY | {"amount_cny": "0.11"})
    much = refused(more, 409, "refund-exceeds-order")
    assert (much["amount_cny"], much["refundable_cny"]) == ("0.11", "0.10")
    await done(http, refund_of(order), WHY | {"amount_cny": "0.10"}, 202)
    nothing = refused(await post(http, refund_of(order), WHY), 409, "refund-exceeds-order")
    assert (nothing["refundable_cny"], nothing["detail"][:16]) == ("0.00", "Nothing is left ")


async def test_an_order_that_was_never_paid_is_not_refundable(http: Client) -> None:
    """Neither while it is pending nor once it is closed."""
    order = await ordered(http, new_wallet(), RECHARGE)
    pending = refused(await post(http, refund_of(order), WHY), 409, "order-not-refundable")
    assert (pending["order_id"], pending["order_status"]) == (order["order_id"], "pending")
    await post(http, f"/v1/orders/{order['order_id']}/close")
    closed = refused(await post(http, refund_of(order), WHY), 409, "order-not-refundable")
    assert closed["order_status"] == "closed"


async def test_an_order_that_expired_is_not_refundable(alone: Client) -> None:
    """Its time is over before anything else is looked at."""
    order = await ordered(alone, new_wallet(), RECHARGE)
    await advance(alone, seconds=7_201)
    expired = refused(await post(alone, refund_of(order), WHY), 409, "order-not-refundable")
    assert expired["order_status"] == "closed"


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (WHY | {"amount_cny": "0"}, "amount-out-of-range"),
        (WHY | {"amount_cny": "1.234"}, "malformed"),
        (WHY | {"amount_cny": 1}, "malformed"),
        (WHY | {"amount": "1"}, "malformed"),
        ({"amount_cny": "1"}, "malformed"),
        ({"reason": ""}, "malformed"),
        ({"reason": "a\nb"}, "malformed"),
    ],
)
async def test_a_wrong_refund_is_refused(http: Client, body: Body, slug: str) -> None:
    """A reason, and an amount in yuan to the fen; nothing is written, nothing is remembered."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10)
    before = await state(http, wallet)
    refused(await post(http, refund_of(order), body, key="r"), 400, slug)
    assert await state(http, wallet) == before
    await done(http, refund_of(order), WHY, 202, key="r")


async def test_a_refund_under_a_used_key_names_the_field(http: Client) -> None:
    """The key's scope is the caller and the order's wallet."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10)
    other = await recharged(http, wallet, 10)
    body = WHY | {"amount_cny": "1"}
    await done(http, refund_of(order), body, 202, key="r")
    for path, change, field in (
        (refund_of(order), {"amount_cny": "2"}, "amount_cny"),
        (refund_of(order), {"reason": "another"}, "reason"),
        (refund_of(other), {}, "order_id"),
        (f"{wallet}/orders", None, "kind"),
    ):
        sent = RECHARGE | {"channel": "sandbox"} if change is None else body | change
        answer = await post(http, path, sent, key="r")
        assert refused(answer, 422, "idempotency-key-reused")["field"] == field
    assert await balance(http, wallet, "KUAIBI") == ("190.00", "0.00")


@pytest.mark.parametrize("order_id", ["none", "f" * 32, "0" * 32])
async def test_what_is_not_there_is_not_found(http: Client, order_id: str) -> None:
    """Orders to close and to refund, and refunds to read: 404 names what."""
    for path, body in (("close", {}), ("refund", WHY)):
        answer = await post(http, f"/v1/orders/{order_id}/{path}", body)
        assert refused(answer, 404, "not-found")["what"] == "order"
    missing = refused(await http.get(f"/v1/refunds/{order_id}"), 404, "not-found")
    assert (missing["what"], missing["refund_id"]) == ("refund", order_id)


async def test_a_refund_is_read_by_whoever_may_read_or_order(
    http: Client, make_key: MakeKey
) -> None:
    """wallet:read or order:write."""
    order = await recharged(http, new_wallet(), 1)
    refund = await done(http, refund_of(order), WHY, 202)
    path = f"/v1/refunds/{refund['refund_id']}"
    for scope, status in (("wallet:read", 200), ("order:write", 200), ("debit:write", 403)):
        headers = {"authorization": f"Bearer {await make_key([scope])}"}
        assert (await http.get(path, headers=headers)).status_code == status


async def test_a_second_payment_buys_nothing(http: Client) -> None:
    """It is on its way back; the order is as it was."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10)
    path = f"/v1/channels/sandbox/orders/{order['order_id']}/pay"
    again = await http.post(path, json={"payment_id": f"second-{order['order_id']}"})
    assert again.status_code == 200, again.text
    assert await balance(http, wallet, "KUAIBI") == ("100.00", "0.00")
    assert again.json() == order


async def test_a_wallet_has_so_many_refunds_under_way(ledger: Ledger, alone: Client) -> None:
    """limit-exceeded, counted in refunds that the channel has not settled."""
    assert ledger.catalogue.at(ledger.clock.now()).refunds_max == 100
    wallet = new_wallet()
    order = await recharged(alone, wallet, 102)
    await behave(alone, "silent")
    for _ in range(100):
        await done(alone, refund_of(order), WHY | {"amount_cny": "1"}, 202)
    full = refused(await post(alone, refund_of(order), WHY), 409, "limit-exceeded")
    assert (full["limit"], full["most"]) == ("refunds under way", 100)
