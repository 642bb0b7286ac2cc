"""Control over HTTP: freeze, limits, claims, switches, and the end of a wallet."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from ledger.catalog import Catalogue, load_catalogue
from tests.kit.databases import Database
from tests.kit.http_calls import balance, give, new_wallet, post, state
from tests.kit.http_steps import (
    POINT,
    TO_INSPIRATION,
    WHY,
    Body,
    advance,
    called,
    done,
    fetched,
    holding,
    joined,
    ordered,
    owing,
    paid,
    recharged,
    refused,
    replayed,
    spending,
)
from tests.kit.serving import Client, client_alone


async def test_a_frozen_wallet_spends_nothing(http: Client) -> None:
    """Debits, holds, conversions, transfers and daily claims are refused until it is unfrozen."""
    wallet = await holding(http, 1)
    first = await post(http, f"{wallet}/freeze", WHY, key="f")
    assert (first.status_code, first.json()) == (
        200,
        {"wallet_id": called(wallet), "frozen": True},
    )
    await replayed(http, f"{wallet}/freeze", WHY, "f", first)
    frozen = await state(http, wallet)
    assert (frozen["status"], frozen["frozen"]) == ("frozen", True)
    for path, body in spending(wallet):
        refusal = refused(await post(http, path, body), 409, "wallet-frozen")
        assert refusal["wallet_id"] == called(wallet)
    assert await state(http, wallet) == frozen
    twice = await post(http, f"{wallet}/freeze", WHY)
    assert twice.json() == first.json()
    unfrozen = await done(http, f"{wallet}/unfreeze", WHY, 200)
    assert unfrozen == {"wallet_id": called(wallet), "frozen": False}
    assert (await state(http, wallet))["status"] == "open"
    for path, body in spending(wallet):
        await done(http, path, body, 201)


async def test_what_a_frozen_wallet_has_under_way_goes_on(alone: Client) -> None:
    """Payments, captures, voids, refunds, grants, dues and reads."""
    wallet = await holding(alone, 10)
    for hold_id in ("captured", "voided", "expired"):
        await done(alone, f"{wallet}/holds", POINT | {"hold_id": hold_id, "expires_in_s": 60}, 201)
    charge = await done(alone, f"{wallet}/debits", POINT, 201)
    pending = await ordered(
        alone, wallet, {"kind": "recharge", "currency": "KUAIBI", "price_cny": "5"}
    )
    unpaid = await ordered(alone, wallet, {"kind": "membership", "plan": "gold", "period": "month"})
    await done(alone, f"{wallet}/freeze", WHY, 200)
    await paid(alone, pending)
    assert await balance(alone, wallet, "KUAIBI") == ("146.00", "3.00")
    await done(alone, f"{wallet}/holds/captured/capture", {}, 200)
    await done(alone, f"{wallet}/holds/voided/void", {}, 200)
    await done(alone, f"{wallet}/holds/expired/extend", {"expires_in_s": 1}, 200)
    await done(alone, f"{wallet}/charges/{charge['charge_id']}/refund", WHY, 200)
    await done(alone, f"/v1/orders/{unpaid['order_id']}/close", {}, 200)
    await done(alone, f"/v1/orders/{pending['order_id']}/refund", WHY, 202)
    await joined(alone, wallet, "gold", "month")
    await done(alone, f"{wallet}/membership/cancel", {}, 200)
    await give(alone, wallet, "1")
    limit = {"currency": "KUAIBI", "day": "5"} | WHY
    await done(alone, f"{wallet}/limits", limit, 200)
    await advance(alone, seconds=2)
    assert (await fetched(alone, f"{wallet}/holds/expired"))["status"] == "expired"
    assert await balance(alone, wallet, "KUAIBI") == ("99.00", "0.00")
    for read in ("", "/lots", "/holds", f"/charges/{charge['charge_id']}"):
        await fetched(alone, f"{wallet}{read}")
    assert (await state(alone, wallet))["frozen"] is True


async def test_a_limit_of_a_day_counts_charges_and_what_is_held(alone: Client) -> None:
    """Refunds do not give it back; midnight in Shanghai does."""
    wallet = await holding(alone, 100)
    path, body = f"{wallet}/limits", {"currency": "KUAIBI", "day": "100", "single": "60.5"} | WHY
    first = await post(alone, path, body, key="l")
    assert (first.status_code, first.json()) == (
        200,
        {"wallet_id": called(wallet), "currency": "KUAIBI", "day": "100.00", "single": "60.50"},
    )
    await replayed(alone, path, body | {"day": "100.0"}, "l", first)
    single = refused(
        await post(alone, f"{wallet}/debits", POINT | {"amount": "60.51"}), 409, "limit-exceeded"
    )
    assert (single["limit"], single["most"], single["amount"]) == (
        "a single charge",
        "60.50",
        "60.51",
    )
    charge = await done(alone, f"{wallet}/debits", POINT | {"amount": "60.5"}, 201)
    await done(alone, f"{wallet}/holds", POINT | {"amount": "30", "hold_id": "h"}, 201)
    to = {"to_wallet_id": "somebody-else"}
    for call, more in (("debits", {}), ("holds", {}), ("transfers", to)):
        answer = await post(alone, f"{wallet}/{call}", POINT | {"amount": "9.51"} | more)
        day = refused(answer, 409, "limit-exceeded")
        assert (day["limit"], day["spent"], day["most"]) == ("spending a day", "90.50", "100.00")
        assert (day["currency"], day["amount"]) == ("KUAIBI", "9.51")
    await done(alone, f"{wallet}/charges/{charge['charge_id']}/refund", WHY, 200)
    limit = {"currency": "KUAIBI", "day": "100.00", "single": "60.50"}
    assert (await state(alone, wallet))["limits"] == [limit | {"charged_today": "60.50"}]
    await done(alone, f"{wallet}/holds/h/capture", {"amount": "20"}, 200)
    assert (await state(alone, wallet))["limits"] == [limit | {"charged_today": "80.50"}]
    await done(alone, f"{wallet}/transfers", POINT | {"amount": "19.5"} | to, 201)
    refused(
        await post(alone, f"{wallet}/debits", POINT | {"amount": "0.01"}), 409, "limit-exceeded"
    )
    await done(alone, f"{wallet}/conversions", TO_INSPIRATION | {"amount": "60"}, 201)
    await done(alone, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "60"}, 201)
    await advance(alone, days=1)
    assert (await state(alone, wallet))["limits"] == [limit | {"charged_today": "0.00"}]
    await done(alone, f"{wallet}/debits", POINT | {"amount": "60.5"}, 201)


async def test_a_limit_is_replaced_and_lifted(http: Client) -> None:
    """What is not said is no limit; one currency's limit leaves the other alone."""
    wallet, path = await holding(http, 10), ""
    path = f"{wallet}/limits"
    await done(http, path, {"currency": "KUAIBI", "day": "5", "single": "2"} | WHY, 200)
    await done(http, path, {"currency": "INSPIRATION", "single": "1"} | WHY, 200)
    replaced = await done(http, path, {"currency": "KUAIBI", "day": "3"} | WHY, 200)
    assert (replaced["day"], replaced["single"]) == ("3.00", None)
    await done(http, f"{wallet}/debits", POINT | {"amount": "3"}, 201)
    refused(await post(http, f"{wallet}/debits", POINT), 409, "limit-exceeded")
    lifted = await done(http, path, {"currency": "KUAIBI"} | WHY, 200)
    assert (lifted["day"], lifted["single"]) == (None, None)
    await done(http, f"{wallet}/debits", POINT, 201)
    assert [limit["currency"] for limit in (await state(http, wallet))["limits"]] == ["INSPIRATION"]


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"day": "0"}, "amount-out-of-range"),
        ({"single": "0.00"}, "amount-out-of-range"),
        ({"day": "-1"}, "malformed"),
        ({"day": 5}, "malformed"),
        ({"day": None}, "malformed"),
        ({"currency": "CNY"}, "unknown-currency"),
        ({"week": "5"}, "malformed"),
        ({"reason": "x" * 201}, "malformed"),
    ],
)
async def test_a_wrong_limit_is_refused(http: Client, change: Body, slug: str) -> None:
    """Amounts above 0, of a currency that there is."""
    wallet = new_wallet()
    body = {"currency": "KUAIBI", "day": "5"} | WHY | change
    refused(await post(http, f"{wallet}/limits", body), 400, slug)
    assert (await state(http, wallet))["seq"] == 0


async def test_a_claim_is_told_and_does_not_block_by_itself(alone: Client) -> None:
    """What is owed is a memorandum; the next recharge repays it before it buys points."""
    wallet, order = await owing(alone)
    owed = await state(alone, wallet)
    assert (owed["claim_fen"], owed["claims"]) == (
        3_00,
        [{"order_id": order["order_id"], "open_cny": "3.00"}],
    )
    assert owed["balances"]["KUAIBI"]["available"] == "0.00"
    taken = await fetched(alone, f"/v1/orders/{order['order_id']}")
    assert (taken["status"], taken["reversed_cny"]) == ("refunded", "10.00")
    again = await recharged(alone, wallet, 10)
    assert (again["claim_repaid_cny"], again["amount"]) == ("3.00", "100.00")
    clear = await state(alone, wallet)
    assert (clear["claim_fen"], clear["claims"]) == (0, [])
    assert clear["balances"]["KUAIBI"]["available"] == "70.00"


@pytest.fixture
async def strict(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A service whose house refuses generation while a claim is open, and caps a day's spending."""
    terms = load_catalogue().at(0)
    kuaibi = terms.currencies["KUAIBI"].number
    policy = replace(terms.policy, claims_block_spending=True, spend_day_minor={kuaibi: 50_00})
    catalogue = Catalogue([(0, replace(terms, policy=policy))])
    monkeypatch.setattr("ledger.service.load_catalogue", lambda **_: catalogue)
    async with client_alone(database) as http:
        yield http


async def test_a_strict_house_refuses_generation_while_a_claim_is_open(strict: Client) -> None:
    """Debits and holds, in any currency; everything else goes on, and a recharge ends it."""
    wallet, _ = await owing(strict)
    await give(strict, wallet, "5")
    free = {"currency": "INSPIRATION", "amount": "1"}
    for call in ("debits", "holds"):
        answer = await post(strict, f"{wallet}/{call}", free)
        owed = refused(answer, 409, "claim-open")
        assert (owed["wallet_id"], owed["claim_cny"]) == (called(wallet), "3.00")
    await done(strict, f"{wallet}/daily-grant", {}, 201)
    await recharged(strict, wallet, 10)
    await done(strict, f"{wallet}/debits", free, 201)


async def test_the_houses_limit_holds_where_a_wallet_has_none(strict: Client) -> None:
    """The wallet tells it; its own limit goes before it, and lifting that brings it back."""
    assert (await fetched(strict, "/v1/catalogue"))["policy"]["spend_limits"] == [
        {"currency": "KUAIBI", "day": "50.00"}
    ]
    wallet = await holding(strict, 100)
    house = {"currency": "KUAIBI", "day": "50.00", "single": None, "charged_today": "0.00"}
    assert (await state(strict, wallet))["limits"] == [house]
    much = POINT | {"amount": "50.01"}
    assert refused(await post(strict, f"{wallet}/debits", much), 409, "limit-exceeded")
    own = {"currency": "KUAIBI", "single": "99"} | WHY
    await done(strict, f"{wallet}/limits", own, 200)
    await done(strict, f"{wallet}/debits", much, 201)
    await done(strict, f"{wallet}/limits", {"currency": "KUAIBI"} | WHY, 200)
    refused(await post(strict, f"{wallet}/debits", POINT), 409, "limit-exceeded")


async def test_what_operators_stopped_is_refused(alone: Client) -> None:
    """A SKU is not sold and a channel takes no orders; what is under way is paid."""
    wallet = await holding(alone, 10)
    await give(alone, wallet, "50")
    recharge = {"kind": "recharge", "currency": "KUAIBI", "price_cny": "1", "channel": "sandbox"}
    membership = {"kind": "membership", "plan": "gold", "period": "month", "channel": "sandbox"}
    pending = await ordered(alone, wallet, recharge)
    for kind, name in (("sku", "image"), ("channel", "sandbox")):
        body = {"kind": kind, "name": name, "stopped": True} | WHY
        assert (await alone.post("/v1/switches", json=body)).status_code == 200
    calls: list[tuple[str, Body]] = [
        ("debits", {"sku": "image"}),
        ("holds", {"sku": "image"}),
        ("orders", recharge),
        ("orders", membership),
    ]
    for call, sent in calls:
        stopped = refused(await post(alone, f"{wallet}/{call}", sent), 409, "stopped")
        named = ("sku", "image") if "sku" in sent else ("channel", "sandbox")
        assert (stopped["kind"], stopped["name"]) == named
    await done(alone, f"{wallet}/debits", {"sku": "video-5s-standard"}, 201)
    await paid(alone, pending)
