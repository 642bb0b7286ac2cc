"""Explanations and timelines over HTTP: what support and finance see of a wallet and a charge."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ledger.contract.history.events import WHAT
from ledger.core.wire import EVENT_TYPES
from ledger.service import Ledger
from tests.conftest import MakeKey
from tests.edges.callers import Client, give, new_wallet, problem
from tests.edges.calls.test_history import now, written
from tests.edges.contract import (
    POINT,
    TO_INSPIRATION,
    WHY,
    called,
    charged_back,
    done,
    joined,
    recharged,
    told,
)

Body = dict[str, Any]

RECORDED_AS = {
    "hold_expired": "hold_expires",
    "lot_expired": "lot_expires",
    "membership_ended": "membership_ends",
}


async def explained(http: Client, wallet: str, currency: str = "INSPIRATION") -> Body:
    """One currency of a wallet's explanation."""
    whole = await told(http, f"{wallet}/explanation")
    found: Body = next(one for one in whole["currencies"] if one["currency"] == currency)
    return found


async def test_the_order_of_lots_is_told_with_the_rule_that_made_it(http: Client) -> None:
    """Expiry first, then what was given, then age: each lot says why it is before the next."""
    wallet = new_wallet()
    present = await now(http)
    soon, later = (written(present + timedelta(hours=hours)) for hours in (47, 49))
    order = await recharged(http, wallet, 1, "INSPIRATION")
    never = await give(http, wallet, "3", source="compensation", reason="we are sorry")
    second = await give(http, wallet, "4")
    last = await give(http, wallet, "5", expires_at=later)
    first = await give(http, wallet, "6", expires_at=soon)
    one = await explained(http, wallet)
    assert [(lot["lot_id"], lot["rule"], lot["place"]) for lot in one["lots"]] == [
        (first, "expires_earlier", 1),
        (last, "expires_earlier", 2),
        (never, "older", 3),
        (second, "free_before_paid", 4),
        (f"lot-{order['order_id']}", "last", 5),
    ]
    why = [lot["why"] for lot in one["lots"]]
    assert soon in why[0]
    assert later in why[0]
    assert later in why[1]
    assert "never does" in why[1]
    assert "neither expires" in why[2]
    assert "paid for" in why[3]
    assert (one["available"], one["expiring_48h"]) == ("28.00", "6.00")
    page = (await told(http, f"{wallet}/lots"))["items"]
    assert [lot["lot_id"] for lot in page] == [lot["lot_id"] for lot in one["lots"]]


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
    before = await told(alone, f"{wallet}/explanation")
    monkeypatch.setattr("ledger.queries.explanation.NEWEST", 0)
    blind = await told(alone, f"{wallet}/explanation")
    assert {lot["origin"] is None for one in blind["currencies"] for lot in one["lots"]} == {True}
    async for _ in ledger.directory.follow(0):
        pass
    async for _ in ledger.directory.follow(1):
        pass
    after = await told(alone, f"{wallet}/explanation")
    assert before | {"as_of": after["as_of"]} == after
    lots = [lot for one in after["currencies"] for lot in one["lots"]]
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
    one = await explained(http, wallet)
    assert (one["available"], one["held"]) == ("7.00", "6.00")
    assert {lot["lot_id"]: lot["held_by"] for lot in one["lots"]} == {
        small: [
            {"hold_id": "a", "amount": "2.00", "expires_at": until["a"]},
            {"hold_id": "b", "amount": "1.00", "expires_at": until["b"]},
        ],
        large: [{"hold_id": "b", "amount": "3.00", "expires_at": until["b"]}],
    }
    assert "all that is left of it aside, 3.00" in one["lots"][0]["why"]
    assert "3.00 of it aside; the rest can be spent" in one["lots"][1]["why"]
    told_of = [(hold["hold_id"], hold["amount"], hold["reference"]) for hold in one["holds"]]
    assert told_of == [("a", "2.00", None), ("b", "4.00", "job")]


async def test_what_a_refund_under_way_set_aside_is_told_apart(alone: Client) -> None:
    """It is neither available nor held, and still somewhere."""
    wallet = new_wallet()
    order = await recharged(alone, wallet, 1)
    await done(alone, "/v1/channels/sandbox/behaviour", {"refunds": "silent"}, 200)
    body = {"reason": "x", "amount_cny": "0.40"}
    await done(alone, f"/v1/orders/{order['order_id']}/refund", body, 202)
    one = await explained(alone, wallet, "KUAIBI")
    assert (one["available"], one["refunding"]) == ("6.00", "4.00")
    assert "4.00 is set aside for refunds under way" in one["why"]
    assert one["lots"][0]["cost_left_cny"] == "0.60"


async def test_what_comes_is_told_as_it_will_be_recorded(alone: Client) -> None:
    """In order of time, two days first; then it happens just so."""
    wallet = new_wallet()
    await joined(alone, wallet, "gold", "month")
    lot_id = await give(
        alone, wallet, "6", expires_at=written(await now(alone) + timedelta(hours=47))
    )
    body = {"currency": "INSPIRATION", "amount": "2", "hold_id": "h", "expires_in_s": 60}
    await done(alone, f"{wallet}/holds", body, 201)
    upcoming = (await told(alone, f"{wallet}/explanation"))["upcoming"]
    assert [(one["what"], one["amount"], one["within_48h"]) for one in upcoming] == [
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
    entries = (await told(alone, f"{wallet}/entries?limit=5"))["items"]
    recorded = [(entry["at"], RECORDED_AS[entry["type"]]) for entry in entries[:0:-1]]
    assert recorded == [(one["at"], one["what"]) for one in upcoming]
    after = await told(alone, f"{wallet}/explanation")
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
    assert (await told(http, f"{wallet}/explanation"))["spending"]["allowed"] is True
    await charged_back(http, order)
    whole = await told(http, f"{wallet}/explanation")
    assert whole["claims"] == [{"order_id": order["order_id"], "open_cny": "3.00"}]
    assert whole["claim_cny"] == "3.00"
    assert any("owes 3.00 CNY" in said for said in whole["why"])
    await done(http, f"{wallet}/freeze", WHY, 200)
    whole = await told(http, f"{wallet}/explanation")
    assert (whole["status"], whole["spending"]["allowed"]) == ("frozen", False)
    assert "unfreeze" in whole["spending"]["why"]


async def test_a_wallet_that_was_never_seen_is_explained_as_empty(http: Client) -> None:
    """As it reads: zeros."""
    whole = await told(http, f"{new_wallet()}/explanation")
    assert {one["available"] for one in whole["currencies"]} == {"0.00"}
    assert (whole["seq"], whole["upcoming"], whole["status"]) == (0, [], "open")
    assert whole["why"][:2] == ["There is no INSPIRATION.", "There is no KUAIBI."]


async def test_a_charge_tells_what_it_took_cost_and_earned(http: Client) -> None:
    """Free points first, then paid ones with their share of cost and VAT; and the books agree."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    free = await give(http, wallet, "4")
    body = {"currency": "INSPIRATION", "amount": "37", "reference": "render-1"}
    charge_id = (await done(http, f"{wallet}/debits", body, 201))["charge_id"]
    one = await told(http, f"{wallet}/charges/{charge_id}/explanation")
    paid = f"lot-{order['order_id']}"
    fields = ("lot_id", "source", "paid", "amount", "cost_cny", "vat_cny", "revenue_cny")
    assert [[take[name] for name in fields] for take in one["takes"]] == [
        [free, "promotional", False, "4.00", "0.00", "0.00", "0.00"],
        [paid, "purchased", True, "33.00", "3.30", "0.18", "3.12"],
    ]
    assert (one["cost_cny"], one["vat_cny"], one["revenue_cny"]) == ("3.30", "0.18", "3.12")
    assert (one["caller"], one["reference"], one["price"]) == ("dev", "render-1", None)
    assert (one["hold"], one["refunds"], one["refunded"]) == (None, [], "0.00")
    journal = one["journal"]
    legs = {leg["account"]: (leg["code"], leg["debit"], leg["credit"]) for leg in journal["legs"]}
    assert legs == {
        "points:available:promotional": ("9002.04", "4.00", None),
        "points:consumed:promotional": ("9005.04", None, "4.00"),
        "points:available:purchased": ("9002.01", "33.00", None),
        "points:consumed:purchased": ("9005.01", None, "33.00"),
        "liabilities:contract:inspiration": ("2205.01", "3.12", None),
        "revenue:generation": ("6001.01", None, "3.12"),
        "liabilities:vat:pending": ("2221.09", "0.18", None),
        "liabilities:vat:payable": ("2221.01", None, "0.18"),
    }
    names = {leg["account"]: leg["name"] for leg in journal["legs"]}
    assert names["revenue:generation"] == "主营业务收入-生成"
    assert (journal["revenue_cny"], journal["vat_cny"]) == ("3.12", "0.18")


async def test_a_captured_charge_tells_of_its_hold_its_price_and_its_refunds(http: Client) -> None:
    """What was set aside, what went back, and who gave back what for which reason."""
    wallet = new_wallet()
    await recharged(http, wallet, 10, "INSPIRATION")
    await done(http, f"{wallet}/holds", {"sku": "video-5s-standard", "hold_id": "h"}, 201)
    captured = await done(http, f"{wallet}/holds/h/capture", {"amount": "7"}, 200)
    path = f"{wallet}/charges/{captured['charge_id']}"
    spend = {"currency": "INSPIRATION", "amount": "1"}
    other = (await done(http, f"{wallet}/debits", spend, 201))["charge_id"]
    await done(http, f"{wallet}/charges/{other}/refund", {"reason": "another charge"}, 200)
    for amount, reason in (("2", "too dark"), ("1", "too slow")):
        await done(http, f"{path}/refund", {"amount": amount, "reason": reason}, 200)
    one = await told(http, f"{path}/explanation")
    hold = one["hold"]
    assert (hold["hold_id"], hold["status"], hold["amount"]) == ("h", "captured", "10.00")
    assert (hold["returned"], hold["absorbed_by_claims"]) == ("3.00", "0.00")
    assert one["price"] == {
        "sku": "video-5s-standard", "quantity": 1, "price_version": one["price"]["price_version"]
    }  # fmt: skip
    told_of = [(back["amount"], back["reason"], back["caller"]) for back in one["refunds"]]
    assert told_of == [("2.00", "too dark", "dev"), ("1.00", "too slow", "dev")]
    assert (one["refunds_complete"], one["refunded"]) == (True, "3.00")
    (take,) = one["takes"]
    assert (take["amount"], take["cost_cny"], take["refunded"]) == ("7.00", "0.70", "3.00")
    assert take["refunded_cost_cny"] == "0.30"
    assert any("captured the hold h" in said for said in one["why"])
    assert any("4.00 can still be" in said for said in one["why"])


async def test_a_hold_whose_rest_paid_a_claim_tells_so(http: Client) -> None:
    """What did not go back is told with what it had cost; the entry books it as revenue, too."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10)
    await done(http, f"{wallet}/holds", POINT | {"amount": "40", "hold_id": "h"}, 201)
    await charged_back(http, order)
    captured = await done(http, f"{wallet}/holds/h/capture", {"amount": "10"}, 200)
    one = await told(http, f"{wallet}/charges/{captured['charge_id']}/explanation")
    hold = one["hold"]
    assert (hold["returned"], hold["absorbed_by_claims"]) == ("0.00", "30.00")
    assert (one["cost_cny"], hold["absorbed_cost_cny"]) == ("1.00", "3.00")
    journal, vat = one["journal"], Decimal(one["vat_cny"]) + Decimal(hold["absorbed_vat_cny"])
    assert Decimal(journal["revenue_cny"]) + Decimal(journal["vat_cny"]) == 4
    assert Decimal(journal["vat_cny"]) == vat
    assert any("30.00 did not" in said for said in one["why"])


@pytest.mark.parametrize(
    ("scopes", "sees"),
    [
        (["wallet:read"], False),
        (["wallet:read", "finance:read"], True),
        (["wallet:read", "admin:write"], True),
        (["wallet:read", "credit:write", "order:write", "debit:write"], False),
    ],
)
async def test_the_books_are_shown_to_who_may_read_them(
    http: Client, make_key: MakeKey, scopes: list[str], *, sees: bool
) -> None:
    """Everybody else who may read wallets gets all but the journal."""
    wallet = new_wallet()
    await give(http, wallet, "4")
    charge_id = (
        await done(http, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "1"}, 201)
    )["charge_id"]
    headers = {"authorization": f"Bearer {await make_key(scopes)}"}
    answer = await http.get(f"{wallet}/charges/{charge_id}/explanation", headers=headers)
    assert answer.status_code == 200
    assert (answer.json()["journal"] is not None) == sees
    assert answer.json()["takes"]


async def test_reading_explanations_needs_the_scope_to_read_wallets(
    http: Client, make_key: MakeKey
) -> None:
    """Finance alone does not show whose it is."""
    headers = {"authorization": f"Bearer {await make_key(['finance:read', 'admin:write'])}"}
    for path in ("explanation", "charges/ch-0-1/explanation"):
        answer = await http.get(f"{new_wallet()}/{path}", headers=headers)
        problem(answer, 403, "forbidden")


async def test_a_charge_that_is_none_of_the_wallets_is_not_found(http: Client) -> None:
    """Another wallet's, an event that is no charge, and what is no charge id at all."""
    wallet, other = new_wallet(), new_wallet()
    for one in (wallet, other):
        await give(http, one, "4")
    spend = {"currency": "INSPIRATION", "amount": "1"}
    charge_id = (await done(http, f"{other}/debits", spend, 201))["charge_id"]
    (grant,) = (await told(http, f"{wallet}/entries"))["items"]
    shards = [f"ch-{shard}-{grant['seq']}" for shard in range(3)]
    for nobodys in (charge_id, *shards, "ch-0-0", "h", uuid.uuid4().hex, "ch-0-99999999999999999"):
        answer = await http.get(f"{wallet}/charges/{nobodys}/explanation")
        problem(answer, 404, "not-found")
    _, shard, seq = charge_id.split("-")
    for nearly in (f"ch-{1 - int(shard)}-{seq}", f"ch-0{shard}-{seq}", f"ch-{shard}-0{seq}"):
        answer = await http.get(f"{other}/charges/{nearly}/explanation")
        problem(answer, 404, "not-found")
    assert (await http.get(f"{other}/charges/{charge_id}/explanation")).status_code == 200


def test_every_kind_of_event_has_words_for_the_timeline() -> None:
    """A new event is told with them, or not at all."""
    assert set(WHAT) == set(EVENT_TYPES.values())


async def test_the_timeline_tells_who_did_what_and_what_it_was_about(http: Client) -> None:
    """Callers, money, the other side of a gift, a refund's id; dues are nobody's doing."""
    wallet, other = new_wallet(), new_wallet()
    order = await recharged(http, wallet, 10)
    gift = {"to_wallet_id": called(other), "currency": "KUAIBI", "amount": "20"}
    tip = await done(http, f"{wallet}/transfers", gift, 201)
    body = {"reason": "changed my mind", "amount_cny": "3"}
    refund = await done(http, f"/v1/orders/{order['order_id']}/refund", body, 202)
    limit = {"currency": "KUAIBI", "day": "50", "single": "30", "reason": "a child"}
    await done(http, f"{wallet}/limits", limit, 200)
    await done(http, f"{wallet}/freeze", {"reason": "a thief"}, 200)
    await joined(http, other, "gold", "month")
    entries: dict[str, Body] = {}
    for name in (other, wallet):
        items = (await told(http, f"{name}/entries"))["items"]
        entries |= {item["type"]: item for item in items if item["order_id"] or name == wallet}
        entries |= {item["type"]: item for item in items if item["type"] == "transfer_received"}
    paid = entries["recharge_paid"]
    assert (paid["caller"], paid["amount_cny"]) == ("channel:sandbox", "10.00")
    sent, received = entries["transfer_sent"], entries["transfer_received"]
    assert (sent["caller"], sent["other_wallet_id"]) == ("dev", called(other))
    assert (received["caller"], received["other_wallet_id"]) == ("ledger:transfers", called(wallet))
    assert sent["amount_cny"] == received["amount_cny"] == "1.00"
    assert sent["transfer_id"] == received["transfer_id"] == tip["transfer_id"]
    asked = entries["order_refund_requested"]
    assert (asked["refund_id"], asked["amount_cny"]) == (refund["refund_id"], "3.00")
    assert (asked["reason"], asked["caller"]) == ("changed my mind", "dev")
    limited = entries["limit_set"]
    assert limited["what"] == "Spending of KUAIBI was limited to 50.00 a day and 30.00 a charge"
    assert (entries["wallet_frozen"]["reason"], limited["reason"]) == ("a thief", "a child")
    granted = entries["membership_granted"]
    assert (granted["caller"], granted["amount_cny"], granted["amount"]) == (None, None, "660.00")
    assert entries["membership_paid"]["what"] == "A membership was paid: gold, month"
    assert all(entry["what"] for entry in entries.values())
