"""Orders, channels, finance and the development clock, against a live service."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.kit.http_calls import balance, new_wallet, post, problem, state
from tests.kit.serving import Client

RECHARGE = {
    "kind": "recharge",
    "currency": "INSPIRATION",
    "price_cny": "10",
    "channel": "sandbox",
}


async def test_a_recharge_is_opened_paid_and_credited_once(http: Client) -> None:
    """A second pay changes nothing; a replay attaches the payment of now."""
    wallet = new_wallet()
    opened = await post(http, f"{wallet}/orders", RECHARGE, key="o")
    assert opened.status_code == 201
    order = opened.json()
    assert (order["kind"], order["price_cny"], order["amount"]) == ("recharge", "10.00", "100.00")
    assert (order["status"], order["paid_at"], order["paid_late"]) == ("pending", None, False)
    pay_url = f"/v1/channels/sandbox/orders/{order['order_id']}/pay"
    assert order["payment"] == {"channel": "sandbox", "pay_url": pay_url}
    assert (await http.get(f"/v1/orders/{order['order_id']}")).json() == order
    replay = await post(http, f"{wallet}/orders", {**RECHARGE, "price_cny": "10.00"}, key="o")
    assert (replay.json(), replay.headers["idempotency-replayed"]) == (order, "true")
    for _ in range(2):
        paid = await http.post(pay_url)
        assert (paid.status_code, paid.json()["status"]) == (200, "paid")
        assert paid.json()["payment"] is None
        assert await balance(http, wallet) == ("100.00", "0.00")
    assert (await http.get(f"/v1/orders/{order['order_id']}")).json() == paid.json()
    replay = await post(http, f"{wallet}/orders", RECHARGE, key="o")
    assert (replay.status_code, replay.json()) == (201, order | {"payment": None})
    lot = (await http.get(f"{wallet}/lots")).json()["items"][0]
    assert (lot["source"], lot["cost_fen"], lot["expires_at"]) == ("purchased", 1000, None)


async def test_a_membership_starts_when_it_is_paid(http: Client) -> None:
    """The first month's points at once; the next on the anniversary; a lower plan queues."""
    wallet = new_wallet()
    body = {"kind": "membership", "plan": "gold", "period": "quarter", "channel": "sandbox"}
    for plan, price in (("platinum", "798.00"), ("gold", "198.00")):
        order = (await post(http, f"{wallet}/orders", body | {"plan": plan})).json()
        assert (order["price_cny"], order["months"], order["plan"]) == (price, 3, plan)
        assert (await http.post(order["payment"]["pay_url"])).json()["status"] == "paid"
    wallet_body = (await http.get(wallet)).json()
    membership = wallet_body["membership"]
    assert (membership["plan"], membership["status"]) == ("platinum", "active")
    assert (membership["months"], membership["months_granted"]) == (3, 1)
    assert [(term["plan"], term["months"]) for term in membership["queued"]] == [("gold", 3)]
    assert membership["renews"] is False
    assert membership["started_at"] < membership["next_grant_at"] < membership["ends_at"]
    assert wallet_body["balances"]["INSPIRATION"]["available"] == "3000.00"


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"price_cny": "0"}, "amount-out-of-range"),
        ({"price_cny": "10.50"}, "amount-out-of-range"),
        ({"price_cny": "50001"}, "amount-out-of-range"),
        ({"price_cny": "-1"}, "malformed"),
        ({"price_cny": 10}, "malformed"),
        ({"currency": "CNY"}, "unknown-currency"),
        ({"channel": "cash"}, "unknown-channel"),
        ({"kind": "gift"}, "malformed"),
        ({"plan": "gold"}, "malformed"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(
    http: Client, change: dict[str, object], slug: str
) -> None:
    """Whole yuan, 1 to 50,000, of a known currency at a known channel."""
    wallet = new_wallet()
    problem(await post(http, f"{wallet}/orders", {**RECHARGE, **change}), 400, slug)
    assert (await state(http, wallet))["seq"] == 0


@pytest.mark.parametrize("change", [{"plan": "tin"}, {"period": "decade"}])
async def test_a_plan_or_period_must_be_sold(http: Client, change: dict[str, str]) -> None:
    """unknown-plan."""
    body = {"kind": "membership", "plan": "gold", "period": "month", "channel": "sandbox"}
    problem(await post(http, f"{new_wallet()}/orders", body | change), 400, "unknown-plan")


@pytest.mark.parametrize("order_id", ["none", "f" * 32, "0" * 32, "A" * 32, "0" * 64])
async def test_an_order_that_is_none_is_not_found(http: Client, order_id: str) -> None:
    """404 names what."""
    assert problem(await http.get(f"/v1/orders/{order_id}"), 404, "not-found")["what"] == "order"
    pay = await http.post(f"/v1/channels/sandbox/orders/{order_id}/pay")
    assert problem(pay, 404, "not-found")["what"] == "order"


async def test_a_forged_notification_credits_nothing(http: Client) -> None:
    """No API key, but a signature; the answer is the channel's own."""
    bare = {"authorization": ""}
    path = "/v1/channels/sandbox/notifications"
    signed = {"sandbox-timestamp": "1", "sandbox-nonce": "n", "sandbox-signature": "00"}
    for headers in (bare, bare | signed):
        for body in (b"", b"\xff\x00", b"{}"):
            answer = await http.post(path, content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    missing = await http.post("/v1/channels/cash/notifications", content=b"{}", headers=bare)
    assert problem(missing, 404, "not-found")["what"] == "channel"
    large = await http.post(path, content=b"x" * 65_537, headers=bare)
    problem(large, 413, "body-too-large")
    unknown = await http.post("/v1/channels/wechat/orders/x/pay")
    assert problem(unknown, 404, "not-found")["what"] == "channel"


async def test_the_trial_balance_is_balanced(http: Client) -> None:
    """Debit and credit are not negative; every currency's closings sum to zero."""
    order = (await post(http, f"{new_wallet()}/orders", RECHARGE)).json()
    await http.post(order["payment"]["pay_url"])
    everything = (await http.get("/v1/finance/trial-balance")).json()["items"]
    sums: dict[str, Decimal] = {}
    for item in everything:
        assert not item["debit"].startswith("-")
        assert not item["credit"].startswith("-")
        opening, closing = Decimal(item["opening"]), Decimal(item["closing"])
        assert opening + Decimal(item["debit"]) - Decimal(item["credit"]) == closing
        sums[item["currency"]] = sums.get(item["currency"], Decimal()) + closing
    assert {"CNY", "INSPIRATION"} <= set(sums)
    assert set(sums.values()) == {Decimal()}
    of_cny = await http.get("/v1/finance/trial-balance", params={"currency": "CNY"})
    assert {item["currency"] for item in of_cny.json()["items"]} == {"CNY"}
    funds = next(item for item in of_cny.json()["items"] if item["code"] == "1012.99")
    assert funds["account"] == "assets:funds:sandbox"
    before = await http.get("/v1/finance/trial-balance", params={"date": "2020-01-01"})
    assert before.json() == {"items": []}
    for params in ({"date": "01/02/2026"}, {"date": "2026-13-01"}, {"day": "2026-01-01"}):
        problem(await http.get("/v1/finance/trial-balance", params=params), 400, "malformed")
    unknown = await http.get("/v1/finance/trial-balance", params={"currency": "EUR"})
    problem(unknown, 400, "unknown-currency")


async def test_the_development_clock_only_moves_forward(http: Client) -> None:
    """0 reads it; a hold expires when it passes."""
    wallet = new_wallet()
    await post(http, f"{wallet}/daily-grant", {})
    await post(http, f"{wallet}/holds", {"sku": "image", "hold_id": "h", "expires_in_s": 5})
    first = (await http.post("/v1/dev/clock", json={"advance_s": 0})).json()["at"]
    moved = (await http.post("/v1/dev/clock", json={"advance_s": 6})).json()["at"]
    there, before = datetime.fromisoformat(moved), datetime.fromisoformat(first)
    assert there.tzinfo == UTC
    assert (there - before).total_seconds() >= 6
    assert (await http.get(f"{wallet}/holds/h")).json()["status"] == "expired"
    expired = await post(http, f"{wallet}/holds/h/capture", {})
    assert problem(expired, 409, "hold-not-open")["hold_status"] == "expired"
    for body in (
        *({"advance_s": -1}, {"at": first}, {"at": "0001-01-01T00:00:00Z"}, {}),
        *({"advance_s": 1, "at": moved}, {"advance_s": "1"}, {"advance_s": 0.5}, {"at": 5}),
        *({"at": "2026-01-01T00:00:00"}, {"advance_s": 10**30}),
    ):
        problem(await http.post("/v1/dev/clock", json=body), 400, "malformed")
