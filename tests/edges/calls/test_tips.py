"""Conversions, transfers and payouts over HTTP, to the last leg in the trial balance."""

from typing import Any

import pytest

from tests.kit.http_calls import balance, give, new_wallet, post, state
from tests.kit.http_steps import (
    Body,
    books,
    called,
    done,
    eventually,
    fetched,
    holding,
    moved,
    recharged,
    refused,
    replayed,
)
from tests.kit.serving import Client

TO_INSPIRATION = {"from_currency": "KUAIBI", "to_currency": "INSPIRATION"}


def tip(creator: str, amount: str, **more: str) -> Body:
    """What a transfer to a creator says."""
    return {"to_wallet_id": called(creator), "currency": "KUAIBI", "amount": amount, **more}


async def settled(http: Client, wallet: str, transfer: Body) -> Body:
    """The transfer once it is done."""
    path = f"{wallet}/transfers/{transfer['transfer_id']}"
    return await eventually(
        lambda: fetched(http, path), lambda current: bool(current["status"] == "done")
    )


async def test_a_conversion_moves_value_at_par_with_its_cost(alone: Client) -> None:
    """Points and their net cost change the currency; VAT pending stays where it was."""
    wallet = await holding(alone, 10)
    before = await books(alone)
    path, body = f"{wallet}/conversions", TO_INSPIRATION | {"amount": "40"}
    first = await post(alone, path, body, key="c")
    assert first.status_code == 201
    answer = first.json()
    (lot,) = answer.pop("lots")
    (take,) = answer.pop("takes")
    assert answer.pop("conversion_id").startswith("conv-")
    assert answer.pop("converted_at").endswith("Z")
    assert answer == {
        "wallet_id": called(wallet),
        "from_currency": "KUAIBI",
        "to_currency": "INSPIRATION",
        "amount": "40.00",
        "from_available": "60.00",
        "to_available": "40.00",
    }
    assert (lot["amount"], lot["expires_at"], take["amount"]) == ("40.00", None, "40.00")
    # 10.00 yuan bear 0.57 VAT (6 % inside), of which 0.22 are of 40 of 100 points: 4.00 - 0.22.
    assert moved(before, await books(alone)) == {
        "liabilities:contract:kuaibi CNY": "3.78",
        "liabilities:contract:inspiration CNY": "-3.78",
        "points:available:purchased KUAIBI": "40.00",
        "points:converted:purchased KUAIBI": "-40.00",
        "points:issued:conversion INSPIRATION": "40.00",
        "points:available:conversion INSPIRATION": "-40.00",
    }
    lots = {lot["lot_id"]: lot for lot in (await fetched(alone, f"{wallet}/lots"))["items"]}
    converted = lots[lot["lot_id"]]
    assert (converted["currency"], converted["source"]) == ("INSPIRATION", "conversion")
    assert (converted["available"], converted["cost_fen"]) == ("40.00", 4_00)
    assert lots[take["lot_id"]]["available"] == "60.00"
    await replayed(alone, path, body | {"amount": "40.00"}, "c", first)
    assert await balance(alone, wallet, "KUAIBI") == ("60.00", "0.00")


async def test_only_paid_value_is_converted(http: Client) -> None:
    """402 tells what was paid for, and says that only that counts."""
    wallet = await holding(http, 1)
    await give(http, wallet, "90", currency="KUAIBI")
    body = TO_INSPIRATION | {"amount": "10.01"}
    short = refused(await post(http, f"{wallet}/conversions", body), 402, "insufficient-funds")
    assert (short["currency"], short["amount"], short["available"]) == ("KUAIBI", "10.01", "10.00")
    assert "was paid for" in short["detail"]
    await done(http, f"{wallet}/conversions", body | {"amount": "10"}, 201)
    assert await balance(http, wallet, "KUAIBI") == ("90.00", "0.00")


@pytest.mark.parametrize(
    ("change", "status", "slug", "field"),
    [
        ({"from_currency": "INSPIRATION", "to_currency": "KUAIBI"}, 409, "not-convertible", None),
        ({"to_currency": "KUAIBI"}, 409, "not-convertible", None),
        ({"from_currency": "CNY"}, 400, "unknown-currency", "from_currency"),
        ({"to_currency": "GOLD"}, 400, "unknown-currency", "to_currency"),
        ({"amount": "0"}, 400, "amount-out-of-range", "amount"),
        ({"amount": "0.001"}, 400, "malformed", "amount"),
        ({"amount": 1}, 400, "malformed", "amount"),
        ({"currency": "KUAIBI"}, 400, "malformed", None),
    ],
)
async def test_a_conversion_that_is_not_offered_is_refused(
    http: Client, change: Body, status: int, slug: str, field: str | None
) -> None:
    """Only in the directions of the catalogue, and well-formed; nothing is written."""
    wallet = await holding(http, 1)
    before = await state(http, wallet)
    body = TO_INSPIRATION | {"amount": "1"} | change
    wrong = refused(await post(http, f"{wallet}/conversions", body), status, slug)
    assert wrong.get("field") == field
    if slug == "not-convertible":
        sent = {"currency": body["from_currency"], "to_currency": body["to_currency"]}
        assert sent.items() <= wrong.items()
    assert await state(http, wallet) == before


async def test_a_tip_is_revenue_less_the_creators_share(alone: Client) -> None:
    """The giver's value is consumed; half of its cost becomes payable, by way of in-transit."""
    wallet, creator = await holding(alone, 10), new_wallet()
    before = await books(alone)
    path, body = f"{wallet}/transfers", tip(creator, "30", reference="stream-7")
    first = await post(alone, path, body, key="t")
    assert first.status_code == 201
    sent = first.json()
    (take,) = sent["takes"]
    assert take["amount"] == "30.00"
    assert sent == {
        "transfer_id": sent["transfer_id"],
        "wallet_id": called(wallet),
        "to_wallet_id": called(creator),
        "currency": "KUAIBI",
        "amount": "30.00",
        "status": "in_transit",
        "creator_share_fen": 1_50,
        "reference": "stream-7",
        "sent_at": sent["sent_at"],
        "takes": [take],
        "available_after": "70.00",
    }
    finished = await settled(alone, wallet, sent)
    shared = sent.keys() - {"takes", "available_after"}
    assert finished == {name: sent[name] for name in shared} | {"status": "done"}
    await replayed(alone, path, body, "t", first)
    received = await fetched(alone, creator)
    assert (received["payable_fen"], received["balances"]["KUAIBI"]["available"]) == (1_50, "0.00")
    # 30 of 100 points cost 3.00, with 0.17 of the 0.57 VAT in it; half of 3.00 is the creator's.
    assert moved(before, await books(alone)) == {
        "liabilities:contract:kuaibi CNY": "2.83",
        "liabilities:vat:pending CNY": "0.17",
        "liabilities:vat:payable CNY": "-0.17",
        "revenue:tips CNY": "-1.33",
        "liabilities:creators CNY": "-1.50",
        "points:available:purchased KUAIBI": "30.00",
        "points:consumed:purchased KUAIBI": "-30.00",
    }
    assert (await state(alone, wallet))["balances"]["KUAIBI"]["available"] == "70.00"


async def test_a_payout_settles_what_is_payable(alone: Client) -> None:
    """Tax withheld is part of it; no more than is payable; the creator's wallet may be anything."""
    wallet, creator = await holding(alone, 10), new_wallet()
    sent = await done(alone, f"{wallet}/transfers", tip(creator, "30"), 201)
    await settled(alone, wallet, sent)
    before = await books(alone)
    path = f"{creator}/payouts"
    body = {"amount_cny": "1", "tax_withheld_cny": "0.2", "reference": "march"}
    first = await post(alone, path, body, key="p")
    assert first.status_code == 201
    assert first.json() == {
        "wallet_id": called(creator),
        "amount_cny": "1.00",
        "tax_withheld_cny": "0.20",
        "payable_after_cny": "0.50",
        "reference": "march",
        "paid_at": first.json()["paid_at"],
    }
    assert moved(before, await books(alone)) == {
        "liabilities:creators CNY": "1.00",
        "assets:bank CNY": "-0.80",
        "liabilities:tax:withheld CNY": "-0.20",
    }
    await replayed(alone, path, body | {"tax_withheld_cny": "0.20"}, "p", first)
    other = await post(alone, path, body | {"tax_withheld_cny": "0.3"}, key="p")
    assert refused(other, 422, "idempotency-key-reused")["field"] == "tax_withheld_cny"
    short = refused(await post(alone, path, {"amount_cny": "0.51"}), 409, "payout-exceeds-payable")
    assert (short["amount_cny"], short["payable_cny"]) == ("0.51", "0.50")
    too_much_tax = {"amount_cny": "0.5", "tax_withheld_cny": "0.51"}
    wrong = refused(await post(alone, path, too_much_tax), 400, "amount-out-of-range")
    assert (wrong["amount_cny"], wrong["tax_withheld_cny"]) == ("0.50", "0.51")
    refused(await post(alone, path, {"amount_cny": "0"}), 400, "amount-out-of-range")
    rest = await done(alone, path, {"amount_cny": "0.5"}, 201)
    assert (rest["tax_withheld_cny"], rest["payable_after_cny"]) == ("0.00", "0.00")
    assert rest["reference"] is None
    assert (await fetched(alone, creator))["payable_fen"] == 0


async def test_only_paid_value_is_given_away(http: Client) -> None:
    """Free points are not, whatever the wallet shows as available."""
    wallet = await holding(http, 1)
    await give(http, wallet, "90", currency="KUAIBI")
    body = tip(new_wallet(), "11")
    short = refused(await post(http, f"{wallet}/transfers", body), 402, "insufficient-funds")
    assert (short["amount"], short["available"]) == ("11.00", "10.00")
    assert "was paid for" in short["detail"]
    sent = await done(http, f"{wallet}/transfers", body | {"amount": "10"}, 201)
    assert sent["available_after"] == "90.00"


async def test_a_tip_too_small_to_share_is_still_done(http: Client) -> None:
    """The share is rounded down to the fen: of one minor point nothing is left for the creator."""
    wallet, creator = await holding(http, 1), new_wallet()
    sent = await done(http, f"{wallet}/transfers", tip(creator, "0.01"), 201)
    assert sent["creator_share_fen"] == 0
    await settled(http, wallet, sent)
    assert (await fetched(http, creator))["payable_fen"] == 0


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"currency": "INSPIRATION"}, 409, "not-transferable"),
        ({"currency": "CNY"}, 400, "unknown-currency"),
        ({"amount": "0"}, 400, "amount-out-of-range"),
        ({"to_wallet_id": "a b"}, 400, "malformed"),
        ({"to_wallet_id": ""}, 400, "malformed"),
        ({"reference": "a b"}, 400, "malformed"),
        ({"reason": "thanks"}, 400, "malformed"),
    ],
)
async def test_a_transfer_that_cannot_be_is_refused(
    http: Client, change: Body, status: int, slug: str
) -> None:
    """Currencies of the catalogue's policy, ids that are ids; nothing is written."""
    wallet = await holding(http, 1)
    before = await state(http, wallet)
    body = tip(new_wallet(), "1") | change
    refused(await post(http, f"{wallet}/transfers", body), status, slug)
    assert await state(http, wallet) == before


async def test_nobody_gives_to_themselves(http: Client) -> None:
    """transfer-to-self, remembered like every refusal of the core."""
    wallet = await holding(http, 1)
    path, body = f"{wallet}/transfers", tip(wallet, "1")
    first = await post(http, path, body, key="t")
    assert refused(first, 400, "transfer-to-self")["wallet_id"] == called(wallet)
    await replayed(http, path, body, "t", first)


async def test_a_transfer_is_found_at_its_giver_alone(http: Client) -> None:
    """404 for any other wallet and any other id."""
    wallet, creator = await holding(http, 1), new_wallet()
    sent = await done(http, f"{wallet}/transfers", tip(creator, "1"), 201)
    await settled(http, wallet, sent)
    for path in (f"{creator}/transfers/{sent['transfer_id']}", f"{wallet}/transfers/tr-0"):
        missing = refused(await http.get(path), 404, "not-found")
        assert (missing["what"], missing["transfer_id"]) == ("transfer", path.rsplit("/", 1)[1])


@pytest.mark.parametrize(
    ("call", "changes"),
    [
        (
            "conversions",
            [({"amount": "2"}, "amount"), ({"to_currency": "KUAIBI"}, "to_currency")],
        ),
        (
            "transfers",
            [
                ({"amount": "2"}, "amount"),
                ({"to_wallet_id": "other"}, "to_wallet_id"),
                ({"currency": "INSPIRATION"}, "currency"),
                ({"reference": "r"}, "reference"),
            ],
        ),
    ],
)
async def test_a_key_used_for_another_command_names_the_field(
    http: Client, call: str, changes: list[tuple[Body, str]]
) -> None:
    """422, and nothing is done."""
    wallet = await holding(http, 1)
    bodies: dict[str, dict[str, Any]] = {
        "conversions": TO_INSPIRATION | {"amount": "1"},
        "transfers": tip(new_wallet(), "1"),
    }
    await done(http, f"{wallet}/{call}", bodies[call], 201, key="k")
    for change, field in changes:
        answer = await post(http, f"{wallet}/{call}", bodies[call] | change, key="k")
        assert refused(answer, 422, "idempotency-key-reused")["field"] == field
    other = "transfers" if call == "conversions" else "conversions"
    answer = await post(http, f"{wallet}/{other}", bodies[other], key="k")
    assert refused(answer, 422, "idempotency-key-reused")["field"] == "kind"
    assert (await fetched(http, wallet))["balances"]["KUAIBI"]["available"] == "9.00"


async def test_value_of_two_orders_is_given_in_spending_order(http: Client) -> None:
    """The older lot first; each take has its own share of the cost."""
    wallet = await holding(http, 1)
    await recharged(http, wallet, 2)
    sent = await done(http, f"{wallet}/transfers", tip(new_wallet(), "25"), 201)
    assert [take["amount"] for take in sent["takes"]] == ["10.00", "15.00"]
    assert sent["creator_share_fen"] == 1_25
    converted = await done(http, f"{wallet}/conversions", TO_INSPIRATION | {"amount": "5"}, 201)
    assert [lot["amount"] for lot in converted["lots"]] == ["5.00"]
