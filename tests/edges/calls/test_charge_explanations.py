"""Explanations of charges over HTTP: what a charge took, cost and earned, and who may see it."""

import uuid
from decimal import Decimal

import pytest

from tests.kit.http_calls import give, new_wallet, problem
from tests.kit.http_steps import POINT, charged_back, done, fetched, recharged
from tests.kit.keys import MakeKey
from tests.kit.serving import Client


async def test_a_charge_tells_what_it_took_cost_and_earned(http: Client) -> None:
    """Free points first, then paid ones with their share of cost and VAT; and the books agree."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10, "INSPIRATION")
    free = await give(http, wallet, "4")
    body = {"currency": "INSPIRATION", "amount": "37", "reference": "render-1"}
    charge_id = (await done(http, f"{wallet}/debits", body, 201))["charge_id"]
    charge = await fetched(http, f"{wallet}/charges/{charge_id}/explanation")
    paid = f"lot-{order['order_id']}"
    fields = ("lot_id", "source", "paid", "amount", "cost_cny", "vat_cny", "revenue_cny")
    assert [[take[name] for name in fields] for take in charge["takes"]] == [
        [free, "promotional", False, "4.00", "0.00", "0.00", "0.00"],
        [paid, "purchased", True, "33.00", "3.30", "0.18", "3.12"],
    ]
    assert (charge["cost_cny"], charge["vat_cny"], charge["revenue_cny"]) == (
        "3.30",
        "0.18",
        "3.12",
    )
    assert (charge["caller"], charge["reference"], charge["price"]) == ("dev", "render-1", None)
    assert (charge["hold"], charge["refunds"], charge["refunded"]) == (None, [], "0.00")
    journal = charge["journal"]
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
    charge = await fetched(http, f"{path}/explanation")
    hold = charge["hold"]
    assert (hold["hold_id"], hold["status"], hold["amount"]) == ("h", "captured", "10.00")
    assert (hold["returned"], hold["absorbed_by_claims"]) == ("3.00", "0.00")
    assert charge["price"] == {
        "sku": "video-5s-standard", "quantity": 1, "price_version": charge["price"]["price_version"]
    }  # fmt: skip
    refunds = [(back["amount"], back["reason"], back["caller"]) for back in charge["refunds"]]
    assert refunds == [("2.00", "too dark", "dev"), ("1.00", "too slow", "dev")]
    assert (charge["refunds_complete"], charge["refunded"]) == (True, "3.00")
    (take,) = charge["takes"]
    assert (take["amount"], take["cost_cny"], take["refunded"]) == ("7.00", "0.70", "3.00")
    assert take["refunded_cost_cny"] == "0.30"
    assert any("captured the hold h" in sentence for sentence in charge["why"])
    assert any("4.00 can still be" in sentence for sentence in charge["why"])


async def test_a_hold_whose_rest_paid_a_claim_tells_so(http: Client) -> None:
    """What did not go back is told with what it had cost; the entry books it as revenue, too."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10)
    await done(http, f"{wallet}/holds", POINT | {"amount": "40", "hold_id": "h"}, 201)
    await charged_back(http, order)
    captured = await done(http, f"{wallet}/holds/h/capture", {"amount": "10"}, 200)
    charge = await fetched(http, f"{wallet}/charges/{captured['charge_id']}/explanation")
    hold = charge["hold"]
    assert (hold["returned"], hold["absorbed_by_claims"]) == ("0.00", "30.00")
    assert (charge["cost_cny"], hold["absorbed_cost_cny"]) == ("1.00", "3.00")
    journal, vat = charge["journal"], Decimal(charge["vat_cny"]) + Decimal(hold["absorbed_vat_cny"])
    assert Decimal(journal["revenue_cny"]) + Decimal(journal["vat_cny"]) == 4
    assert Decimal(journal["vat_cny"]) == vat
    assert any("30.00 did not" in sentence for sentence in charge["why"])


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
    for path in (wallet, other):
        await give(http, path, "4")
    spend = {"currency": "INSPIRATION", "amount": "1"}
    charge_id = (await done(http, f"{other}/debits", spend, 201))["charge_id"]
    (grant,) = (await fetched(http, f"{wallet}/entries"))["items"]
    shards = [f"ch-{shard}-{grant['seq']}" for shard in range(3)]
    for nobodys in (charge_id, *shards, "ch-0-0", "h", uuid.uuid4().hex, "ch-0-99999999999999999"):
        answer = await http.get(f"{wallet}/charges/{nobodys}/explanation")
        problem(answer, 404, "not-found")
    _, shard, seq = charge_id.split("-")
    for nearly in (f"ch-{1 - int(shard)}-{seq}", f"ch-0{shard}-{seq}", f"ch-{shard}-0{seq}"):
        answer = await http.get(f"{other}/charges/{nearly}/explanation")
        problem(answer, 404, "not-found")
    assert (await http.get(f"{other}/charges/{charge_id}/explanation")).status_code == 200
