"""Explanations of wallets over HTTP: lots, holds, limits, claims, and what comes."""

from datetime import timedelta
from typing import Any

import pytest

from ledger.service import Ledger
from tests.kit.http_calls import give, new_wallet
from tests.kit.http_steps import (
    POINT,
    TO_INSPIRATION,
    WHY,
    charged_back,
    clock_now,
    done,
    fetched,
    joined,
    recharged,
    written,
)
from tests.kit.serving import Client

Body = dict[str, Any]


RECORDED_AS = {
    "hold_expired": "hold_expires",
    "lot_expired": "lot_expires",
    "membership_ended": "membership_ends",
}


async def explained(http: Client, wallet: str, currency: str = "INSPIRATION") -> Body:
    """One currency of a wallet's explanation."""
    whole = await fetched(http, f"{wallet}/explanation")
    section: Body = next(
        section for section in whole["currencies"] if section["currency"] == currency
    )
    return section


async def test_the_order_of_lots_is_told_with_the_rule_that_made_it(http: Client) -> None:
    """Expiry first, then what was given, then age: each lot says why it is before the next."""
    wallet = new_wallet()
    present = await clock_now(http)
    soon, later = (written(present + timedelta(hours=hours)) for hours in (47, 49))
    order = await recharged(http, wallet, 1, "INSPIRATION")
    never = await give(http, wallet, "3", source="compensation", reason="we are sorry")
    second = await give(http, wallet, "4")
    last = await give(http, wallet, "5", expires_at=later)
    first = await give(http, wallet, "6", expires_at=soon)
    section = await explained(http, wallet)
    assert [(lot["lot_id"], lot["rule"], lot["place"]) for lot in section["lots"]] == [
        (first, "expires_earlier", 1),
        (last, "expires_earlier", 2),
        (never, "older", 3),
        (second, "free_before_paid", 4),
        (f"lot-{order['order_id']}", "last", 5),
    ]
    why = [lot["why"] for lot in section["lots"]]
    assert soon in why[0]
    assert later in why[0]
    assert later in why[1]
    assert "never does" in why[1]
    assert "neither expires" in why[2]
    assert "paid for" in why[3]
    assert (section["available"], section["expiring_48h"]) == ("28.00", "6.00")
    page = (await fetched(http, f"{wallet}/lots"))["items"]
    assert [lot["lot_id"] for lot in page] == [lot["lot_id"] for lot in section["lots"]]


async def test_every_lot_tells_where_it_came_from(http: Client) -> None:
    """At once, before the directory has followed; a reason is told until it is erased."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 2, "INSPIRATION")
    year = await joined(http, wallet, "gold", "year", promotion="launch")
    await give(http, wallet, "3", reason="for Ann's birthday")
    await done(http, f"{wallet}/daily-grant", {}, 201)
    lots = {lot["source"]: lot for lot in (await explained(http, wallet))["lots"]}
    assert {source: lot["origin"]["type"] for source, lot in lots.items()} == {
        "purchased": "recharge_paid",
        "membership": "membership_granted",
        "promotional": "lot_granted",
        "daily": "daily_granted",
    }
    assert {lot["origin"]["caller"] for lot in lots.values()} == {"dev", "channel:sandbox", None}
    bought = lots["purchased"]
    assert bought["order"] == {
        "order_id": order["order_id"],
        "kind": "recharge",
        "status": "paid",
        "channel": "sandbox",
        "price_cny": "2.00",
        "promotion": None,
        "payment_id": f"sandbox-{order['order_id']}",
    }
    paid = (bought["cost_cny"], bought["vat_cny"], bought["cost_left_cny"], bought["granted"])
    assert paid == ("2.00", "0.11", "2.00", "20.00")
    assert lots["membership"]["order"]["promotion"] == "launch"
    assert lots["membership"]["order"]["price_cny"] == year["price_cny"] == "554.00"
    assert lots["promotional"]["order"] is None
    assert lots["promotional"]["origin"]["reason"] == "for Ann's birthday"
    await done(http, f"{wallet}/erase", {}, 200)
    lots = {lot["source"]: lot for lot in (await explained(http, wallet))["lots"]}
    assert lots["promotional"]["origin"]["reason"] is None


async def test_what_is_not_in_the_directory_yet_is_found_among_the_newest(
    alone: Client, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The origins of lots are the same before and after the directory has followed.

    Then nothing else is looked at, so that they may be as old as they like.
    """
    wallet = new_wallet()
    await recharged(alone, wallet, 2)
    await give(alone, wallet, "3")
    await done(alone, f"{wallet}/conversions", TO_INSPIRATION, 201)
    before = await fetched(alone, f"{wallet}/explanation")
    monkeypatch.setattr("ledger.queries.explanation.NEWEST", 0)
    blind = await fetched(alone, f"{wallet}/explanation")
    assert {
        lot["origin"] is None for section in blind["currencies"] for lot in section["lots"]
    } == {True}
    async for _ in ledger.directory.follow(0):
        pass
    async for _ in ledger.directory.follow(1):
        pass
    after = await fetched(alone, f"{wallet}/explanation")
    assert before | {"as_of": after["as_of"]} == after
    lots = [lot for section in after["currencies"] for lot in section["lots"]]
    assert {lot["source"]: lot["origin"]["type"] for lot in lots} == {
        "purchased": "recharge_paid",
        "promotional": "lot_granted",
        "conversion": "converted",
    }


async def test_what_is_held_is_told_with_the_holds_that_hold_it(http: Client) -> None:
    """Which of them, how much of which lot, until when; refunds under way are told apart."""
    wallet = new_wallet()
    small, large = await give(http, wallet, "3"), await give(http, wallet, "10")
    holds = {
        name: await done(http, f"{wallet}/holds", POINT | body, 201)
        for name, body in (
            ("a", {"currency": "INSPIRATION", "amount": "2", "hold_id": "a"}),
            ("b", {"currency": "INSPIRATION", "amount": "4", "hold_id": "b", "reference": "job"}),
        )
    }
    until = {name: hold["expires_at"] for name, hold in holds.items()}
    section = await explained(http, wallet)
    assert (section["available"], section["held"]) == ("7.00", "6.00")
    assert {lot["lot_id"]: lot["held_by"] for lot in section["lots"]} == {
        small: [
            {"hold_id": "a", "amount": "2.00", "expires_at": until["a"]},
            {"hold_id": "b", "amount": "1.00", "expires_at": until["b"]},
        ],
        large: [{"hold_id": "b", "amount": "3.00", "expires_at": until["b"]}],
    }
    assert "all that is left of it aside, 3.00" in section["lots"][0]["why"]
    assert "3.00 of it aside; the rest can be spent" in section["lots"][1]["why"]
    holding = [(hold["hold_id"], hold["amount"], hold["reference"]) for hold in section["holds"]]
    assert holding == [("a", "2.00", None), ("b", "4.00", "job")]


async def test_what_a_refund_under_way_set_aside_is_told_apart(alone: Client) -> None:
    """It is neither available nor held, and still somewhere."""
    wallet = new_wallet()
    order = await recharged(alone, wallet, 1)
    await done(alone, "/v1/channels/sandbox/behaviour", {"refunds": "silent"}, 200)
    body = {"reason": "x", "amount_cny": "0.40"}
    await done(alone, f"/v1/orders/{order['order_id']}/refund", body, 202)
    section = await explained(alone, wallet, "KUAIBI")
    assert (section["available"], section["refunding"]) == ("6.00", "4.00")
    assert "4.00 is set aside for refunds under way" in section["why"]
    assert section["lots"][0]["cost_left_cny"] == "0.60"


async def test_what_comes_is_told_as_it_will_be_recorded(alone: Client) -> None:
    """In order of time, two days first; then it happens just so."""
    wallet = new_wallet()
    await joined(alone, wallet, "gold", "month")
    lot_id = await give(
        alone, wallet, "6", expires_at=written(await clock_now(alone) + timedelta(hours=47))
    )
    body = {"currency": "INSPIRATION", "amount": "2", "hold_id": "h", "expires_in_s": 60}
    await done(alone, f"{wallet}/holds", body, 201)
    upcoming = (await fetched(alone, f"{wallet}/explanation"))["upcoming"]
    assert [(change["what"], change["amount"], change["within_48h"]) for change in upcoming] == [
        ("hold_expires", "2.00", True),
        ("lot_expires", "-6.00", True),
        ("lot_expires", "-660.00", False),
        ("membership_ends", None, False),
    ]
    assert (upcoming[0]["hold_id"], upcoming[1]["lot_id"]) == ("h", lot_id)
    assert "6.00 INSPIRATION" in upcoming[1]["why"]
    assert "had cost 66.00 CNY" in upcoming[2]["why"]
    await alone.post("/v1/dev/clock", json={"advance_s": 32 * 86_400})
    await give(alone, wallet, "1")
    entries = (await fetched(alone, f"{wallet}/entries?limit=5"))["items"]
    recorded = [(entry["at"], RECORDED_AS[entry["type"]]) for entry in entries[:0:-1]]
    assert recorded == [(change["at"], change["what"]) for change in upcoming]
    after = await fetched(alone, f"{wallet}/explanation")
    assert after["upcoming"] == []


async def test_limits_are_told_with_what_is_left_of_them(http: Client) -> None:
    """Charged and held both count; with no limit there is none to tell."""
    wallet = new_wallet()
    await give(http, wallet, "100")
    assert (await explained(http, wallet))["limit"] is None
    body = {"currency": "INSPIRATION", "day": "50", "single": "30", "reason": "test"}
    await done(http, f"{wallet}/limits", body, 200)
    spend = {"currency": "INSPIRATION", "amount": "12"}
    await done(http, f"{wallet}/debits", spend, 201)
    await done(http, f"{wallet}/holds", spend | {"amount": "8"}, 201)
    limit = (await explained(http, wallet))["limit"]
    names = ("of", "day", "single", "charged_today", "held", "left_today")
    assert [limit[name] for name in names] == ["wallet", "50.00", "30.00", "12.00", "8.00", "30.00"]
    assert "30.00 is left until" in limit["why"]
    assert limit["resets_at"].endswith("T16:00:00Z")
    assert (await explained(http, wallet, "KUAIBI"))["limit"] is None


async def test_claims_and_what_keeps_a_wallet_from_spending_are_told(http: Client) -> None:
    """In words that say what to do."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10)
    await done(http, f"{wallet}/debits", POINT | {"amount": "30"}, 201)
    assert (await fetched(http, f"{wallet}/explanation"))["spending"]["allowed"] is True
    await charged_back(http, order)
    whole = await fetched(http, f"{wallet}/explanation")
    assert whole["claims"] == [{"order_id": order["order_id"], "open_cny": "3.00"}]
    assert whole["claim_cny"] == "3.00"
    assert any("owes 3.00 CNY" in sentence for sentence in whole["why"])
    await done(http, f"{wallet}/freeze", WHY, 200)
    whole = await fetched(http, f"{wallet}/explanation")
    assert (whole["status"], whole["spending"]["allowed"]) == ("frozen", False)
    assert "unfreeze" in whole["spending"]["why"]


async def test_a_wallet_that_was_never_seen_is_explained_as_empty(http: Client) -> None:
    """As it reads: zeros."""
    whole = await fetched(http, f"{new_wallet()}/explanation")
    assert {section["available"] for section in whole["currencies"]} == {"0.00"}
    assert (whole["seq"], whole["upcoming"], whole["status"]) == (0, [], "open")
    assert whole["why"][:2] == ["There is no INSPIRATION.", "There is no KUAIBI."]
