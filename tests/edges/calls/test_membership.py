"""Memberships over HTTP: prices, promotions, upgrades, the queue, and cancelling."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.catalog import Catalogue, load_catalogue
from tests.kit.databases import Database
from tests.kit.http_calls import balance, new_wallet, post
from tests.kit.http_steps import (
    advance,
    fetched,
    joined,
    ordered,
    paid,
    recharged,
    refused,
    replayed,
)
from tests.kit.serving import Client, client_alone

MEMBERSHIP = {"kind": "membership", "plan": "gold", "period": "month", "channel": "sandbox"}

# domain.md, the catalogue: 30 % off the list, down to whole yuan; the prices of a year are given.
LAUNCH = {
    "gold": {"month": "46", "quarter": "138", "half_year": "277", "year": "554"},
    "platinum": {"month": "186", "quarter": "558", "half_year": "1117", "year": "2234"},
    "diamond": {"month": "466", "quarter": "1398", "half_year": "2797", "year": "5594"},
    "black": {"month": "919", "quarter": "2759", "half_year": "5518", "year": "11079"},
}
LIST = {
    "gold": {"month": "66", "quarter": "198", "half_year": "396", "year": "792"},
    "platinum": {"month": "266", "quarter": "798", "half_year": "1596", "year": "3192"},
    "diamond": {"month": "666", "quarter": "1998", "half_year": "3996", "year": "7992"},
    "black": {"month": "1314", "quarter": "3942", "half_year": "7884", "year": "15768"},
}
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
PAIRS = [(plan, period) for plan, periods in LIST.items() for period in periods]


@pytest.mark.parametrize(("plan", "period"), PAIRS)
async def test_every_plan_and_period_has_its_price(http: Client, plan: str, period: str) -> None:
    """The list price, and the one of the launch promotion."""
    wallet, goods = new_wallet(), {"kind": "membership", "plan": plan, "period": period}
    at_list = await ordered(http, wallet, goods)
    launched = await ordered(http, wallet, {**goods, "promotion": "launch"})
    list_price = f"{LIST[plan][period]}.00"
    assert (at_list["price_cny"], at_list["list_price_cny"]) == (list_price, list_price)
    assert (launched["price_cny"], launched["list_price_cny"]) == (
        f"{LAUNCH[plan][period]}.00",
        list_price,
    )
    assert (at_list["promotion"], launched["promotion"]) == (None, "launch")
    for order in (at_list, launched):
        assert (order["kind"], order["plan"], order["period"]) == ("membership", plan, period)
        assert (order["months"], order["upgrade_from"]) == (MONTHS[period], None)


async def test_the_catalogue_tells_the_same_prices(http: Client) -> None:
    """Plans by rank with what they entitle to, promotions with their prices, and the policy."""
    catalogue = await fetched(http, "/v1/catalogue")
    plans = {plan["plan"]: plan for plan in catalogue["plans"]}
    ranks = [plans[plan]["rank"] for plan in ("gold", "platinum", "diamond", "black")]
    assert ranks == sorted(set(ranks))
    assert plans["gold"]["entitlements"] == ["watermark_removal"]
    assert len(plans["black"]["entitlements"]) == 4
    for plan, prices in LIST.items():
        assert plans[plan]["prices_cny"] == {name: f"{yuan}.00" for name, yuan in prices.items()}
    (launch,) = catalogue["promotions"]
    assert launch["prices_cny"] == {
        plan: {name: f"{yuan}.00" for name, yuan in prices.items()}
        for plan, prices in LAUNCH.items()
    }
    assert (launch["promotion"], launch["per_wallet_max"], launch["stackable"]) == (
        "launch",
        16,
        False,
    )
    assert launch["since"] < launch["until"]
    conversion = {"from_currency": "KUAIBI", "to_currency": "INSPIRATION"}
    offered = catalogue["policy"]["conversions"]
    assert [conversion.items() <= offer.items() for offer in offered] == [True]
    transfers = {"currencies": ["KUAIBI"], "creator_share_bp": 5_000}
    assert catalogue["policy"]["transfers"] == transfers


async def test_a_membership_tells_what_it_entitles_to_and_what_waits(http: Client) -> None:
    """The same plan extends it, a lower plan queues at the end."""
    wallet = new_wallet()
    first = await joined(http, wallet, "platinum", "month", promotion="launch")
    assert (first["price_cny"], first["refunded_cny"], first["reversed_cny"]) == (
        "186.00",
        "0.00",
        "0.00",
    )
    lower = await joined(http, wallet, "gold", "quarter")
    same = await joined(http, wallet, "platinum", "half_year")
    membership = (await fetched(http, wallet))["membership"]
    assert (membership["plan"], membership["period"]) == ("platinum", "month")
    assert membership["entitlements"] == ["watermark_removal", "video_extension"]
    assert membership["queued"] == [
        {"order_id": same["order_id"], "plan": "platinum", "period": "half_year", "months": 6},
        {"order_id": lower["order_id"], "plan": "gold", "period": "quarter", "months": 3},
    ]
    assert (membership["upgrades"], membership["renews"]) == ([], False)
    assert await balance(http, wallet) == ("3000.00", "0.00")


async def test_an_upgrade_costs_the_difference_of_the_months_left(alone: Client) -> None:
    """(new - old list) x months left, this one included; the points' difference at once."""
    wallet = new_wallet()
    await joined(alone, wallet, "gold", "quarter")
    await advance(alone, days=32)
    goods = {"kind": "membership", "plan": "black", "period": "quarter"}
    order = await ordered(alone, wallet, goods)
    assert (order["price_cny"], order["months"]) == ("2496.00", 2)
    assert (order["plan"], order["upgrade_from"], order["promotion"]) == ("black", "gold", None)
    assert await balance(alone, wallet) == ("660.00", "0.00")
    await paid(alone, order)
    assert await balance(alone, wallet) == ("26000.00", "0.00")
    membership = (await fetched(alone, wallet))["membership"]
    assert (membership["plan"], len(membership["entitlements"])) == ("black", 4)
    assert (membership["months"], membership["months_granted"]) == (3, 2)
    upgrade = {"order_id": order["order_id"], "plan": "black", "months": 2, "months_granted": 1}
    assert membership["upgrades"] == [upgrade]
    assert membership["started_at"] < order["created_at"] < membership["next_grant_at"]
    lots = (await fetched(alone, f"{wallet}/lots"))["items"]
    assert [(lot["available"], lot["cost_fen"]) for lot in lots] == [
        ("660.00", 66_00),
        ("25340.00", 1248_00),
    ]
    assert {lot["expires_at"] for lot in lots} == {membership["next_grant_at"]}
    await advance(alone, days=31)
    assert await balance(alone, wallet) == ("26000.00", "0.00")
    await advance(alone, days=32)
    assert (await fetched(alone, wallet))["membership"] is None
    assert await balance(alone, wallet) == ("0.00", "0.00")


async def test_an_upgrade_is_offered_once_and_for_the_same_period(http: Client) -> None:
    """upgrade-not-offered says why; a promotion that does not stack does not apply."""
    wallet = new_wallet()
    await joined(http, wallet, "gold", "month")
    orders, upgrade = f"{wallet}/orders", MEMBERSHIP | {"plan": "diamond"}
    by_the_year = await post(http, orders, upgrade | {"period": "year"})
    other = refused(by_the_year, 409, "upgrade-not-offered")
    assert (other["running_period"], other["from_plan"]) == ("month", "gold")
    assert "order it with that period" in other["detail"]
    stacked = await post(http, orders, upgrade | {"promotion": "launch"})
    assert "upgrade" in refused(stacked, 409, "promotion-not-applicable")["detail"]
    pending = await ordered(http, wallet, upgrade)
    assert pending["price_cny"] == "600.00"
    again = await post(http, orders, MEMBERSHIP | {"plan": "black"})
    assert "close it first" in refused(again, 409, "upgrade-not-offered")["detail"]
    closed = await post(http, f"/v1/orders/{pending['order_id']}/close")
    assert closed.status_code == 200
    assert (await ordered(http, wallet, {**upgrade, "plan": "black"}))["price_cny"] == "1248.00"


async def test_an_upgrade_that_costs_nothing_is_paid_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """201 with status paid and no payment, also when told again: there is nothing to wait for."""
    terms = load_catalogue().at(0)
    gold, platinum = terms.plans["gold"], terms.plans["platinum"]
    as_cheap = replace(platinum, month_price_fen=gold.month_price_fen)
    generous = Catalogue([(0, replace(terms, plans=terms.plans | {"platinum": as_cheap}))])
    monkeypatch.setattr("ledger.service.load_catalogue", lambda **_: generous)
    async with client_alone(database) as http:
        wallet = new_wallet()
        await joined(http, wallet, "gold", "month")
        path, body = f"{wallet}/orders", MEMBERSHIP | {"plan": "platinum"}
        first = await post(http, path, body, key="up")
        order = first.json()
        assert (first.status_code, order["status"], order["price_cny"]) == (201, "paid", "0.00")
        assert (order["payment"], order["upgrade_from"]) == (None, "gold")
        assert order["paid_at"] == order["created_at"]
        assert await balance(http, wallet) == ("3000.00", "0.00")
        await replayed(http, path, body, "up", first)
        assert await fetched(http, f"/v1/orders/{order['order_id']}") == order
        assert await balance(http, wallet) == ("3000.00", "0.00")


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"promotion": "winter"}, 400, "unknown-promotion"),
        ({"promotion": "launch", "plan": "tin"}, 400, "unknown-plan"),
        ({"promotion": "launch", "channel": "cash"}, 400, "unknown-channel"),
        ({"promotion": ""}, 400, "malformed"),
        ({"promotion": None}, 400, "malformed"),
        ({"price_cny": "46"}, 400, "malformed"),
    ],
)
async def test_a_membership_order_that_cannot_be_is_refused(
    http: Client, change: dict[str, Any], status: int, slug: str
) -> None:
    """Plan and period first, then the promotion, then the channel; prices are ours to say."""
    wallet = new_wallet()
    refused(await post(http, f"{wallet}/orders", MEMBERSHIP | change), status, slug)
    assert (await fetched(http, wallet))["seq"] == 0


async def test_a_promotion_is_used_so_often_and_no_more(http: Client) -> None:
    """Pending orders count as uses; a closed one does not."""
    wallet, body = new_wallet(), MEMBERSHIP | {"promotion": "launch"}
    orders = [await ordered(http, wallet, body) for _ in range(16)]
    again = refused(await post(http, f"{wallet}/orders", body), 409, "promotion-not-applicable")
    assert (again["promotion"], again["uses"], again["most"]) == ("launch", 16, 16)
    assert "this wallet has 16" in again["detail"]
    await post(http, f"/v1/orders/{orders[0]['order_id']}/close")
    assert (await ordered(http, wallet, body))["price_cny"] == "46.00"
    await paid(http, orders[1])
    refused(await post(http, f"{wallet}/orders", body), 409, "promotion-not-applicable")


async def test_a_promotion_ends(alone: Client) -> None:
    """From its end on it does not apply, and the answer says when it did."""
    launch = (await fetched(alone, "/v1/catalogue"))["promotions"][0]
    assert (await alone.post("/v1/dev/clock", json={"at": launch["until"]})).status_code == 200
    body = MEMBERSHIP | {"promotion": "launch"}
    over = refused(
        await post(alone, f"{new_wallet()}/orders", body), 409, "promotion-not-applicable"
    )
    assert (over["since"], over["until"], over["uses"]) == (launch["since"], launch["until"], 0)
    assert datetime.fromisoformat(over["since"]) < datetime.fromisoformat(over["until"])


async def test_a_cancelled_membership_runs_on_and_renews_no_more(http: Client) -> None:
    """200 with the membership as the wallet tells it; nothing is taken away; twice is once more."""
    wallet = new_wallet()
    path = f"{wallet}/membership/cancel"
    none = refused(await post(http, path), 409, "no-membership")
    assert none["wallet_id"] == wallet.rsplit("/", 1)[1]
    await joined(http, wallet, "diamond", "quarter")
    before = await fetched(http, wallet)
    first = await post(http, path, {}, key="c")
    assert first.status_code == 200
    assert first.json() == before["membership"] | {"renews": False}
    await replayed(http, path, None, "c", first)
    after = await fetched(http, wallet)
    assert after["membership"] == first.json()
    assert after["balances"] == before["balances"]
    assert (await post(http, path, {})).status_code == 200


async def test_an_extended_membership_grants_month_after_month(alone: Client) -> None:
    """A term over, the next begins: the entitlements are those of the plan in force."""
    wallet = new_wallet()
    await joined(alone, wallet, "platinum", "month")
    await joined(alone, wallet, "gold", "month")
    await recharged(alone, wallet, 10)
    await advance(alone, days=32)
    wallet_body = await fetched(alone, wallet)
    membership = wallet_body["membership"]
    assert (membership["plan"], membership["queued"]) == ("gold", [])
    assert membership["entitlements"] == ["watermark_removal"]
    assert wallet_body["balances"]["INSPIRATION"]["available"] == "660.00"
    assert wallet_body["balances"]["KUAIBI"]["available"] == "100.00"
