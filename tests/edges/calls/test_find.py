"""Finding over HTTP, against a live service: any number leads to its wallet."""

import uuid
from urllib.parse import quote

import pytest

from tests.kit.http_calls import funded, give, new_wallet, post, problem
from tests.kit.http_steps import called, charged_back, done, eventually, fetched, recharged
from tests.kit.keys import MakeKey
from tests.kit.serving import Client


async def find(http: Client, name: str) -> list[tuple[str, str]]:
    """(kind, wallet) of whatever goes by a name, once the directory is as far as the log."""
    finding = await eventually(
        lambda: fetched(http, f"/v1/find?q={quote(name)}"),
        lambda finding: all(place["seq"] >= place["head"] for place in finding["indexed"]),
    )
    assert {item["id"] for item in finding["items"]} <= {name}
    return [(item["kind"], item["wallet_id"]) for item in finding["items"]]


async def test_every_number_that_a_wallet_has_to_do_with_leads_to_it(http: Client) -> None:
    """Ids of all kinds, the channel's own numbers, and whatever a caller calls it."""
    wallet, other = new_wallet(), new_wallet()
    order = await recharged(http, wallet, 10)
    order_id, name = order["order_id"], called(wallet)
    lot_id = await give(http, wallet, "50")
    hold_id, reference, gift = uuid.uuid4().hex, f"job.{uuid.uuid4()}", f"gift:{uuid.uuid4().hex}"
    body = {"sku": "image", "hold_id": hold_id, "reference": reference}
    await done(http, f"{wallet}/holds", body, 201)
    charge_id = (await done(http, f"{wallet}/holds/{hold_id}/capture", {}, 200))["charge_id"]
    body = {"to_wallet_id": called(other), "currency": "KUAIBI", "amount": "3", "reference": gift}
    tip = (await done(http, f"{wallet}/transfers", body, 201))["transfer_id"]
    refund = await done(
        http, f"/v1/orders/{order_id}/refund", {"reason": "x", "amount_cny": "1"}, 202
    )
    await charged_back(http, order)
    for number, kind in (
        (name, "wallet"),
        (order_id, "order"),
        (refund["refund_id"], "refund"),
        (lot_id, "lot"),
        (f"lot-{order_id}", "lot"),
        (hold_id, "hold"),
        (charge_id, "charge"),
        (reference, "reference"),
        (f"sandbox-{order_id}", "payment"),
        (f"chargeback-{order_id}", "payment"),
    ):
        assert await find(http, number) == [(kind, name)], number
    both = sorted([name, called(other)])
    for number, kind in ((tip, "transfer"), (gift, "reference")):
        assert sorted(await find(http, number)) == [(kind, wallet_id) for wallet_id in both]


async def test_what_nobody_has_is_not_found(http: Client) -> None:
    """A wallet without an event is none; an id has to be whole; half of one is another's."""
    wallet = await funded(http)
    name = called(wallet)
    assert await find(http, name) == [("wallet", name)]
    for nobody in (
        called(new_wallet()),
        name[:-1],
        name[2:],
        name.upper(),
        f"{name}%",
        "%",
        "ch-0-0",
    ):
        assert await find(http, nobody) == [], nobody


async def test_a_name_is_one_word_of_visible_characters(http: Client) -> None:
    """400 malformed for anything else; a number of 128 characters may be asked for."""
    for bad in ("", "a b", "é", "a\x00", "\n", "x" * 129):
        refusal = problem(await http.get("/v1/find", params={"q": bad}), 400, "malformed")
        assert refusal["field"] == "q"
    assert problem(await http.get("/v1/find"), 400, "malformed")
    assert await find(http, "~" * 128) == []
    assert await find(http, "'; DROP--"[:2]) == []


@pytest.mark.parametrize("scope", ["debit:write", "admin:write"])
async def test_finding_needs_the_scope_to_read_wallets(
    http: Client, make_key: MakeKey, scope: str
) -> None:
    """Whose something is, is told to whom may read wallets."""
    headers = {"authorization": f"Bearer {await make_key([scope])}"}
    problem(await http.get("/v1/find", params={"q": "x"}, headers=headers), 403, "forbidden")
    headers = {"authorization": f"Bearer {await make_key(['wallet:read'])}"}
    answer = await http.get("/v1/find", params={"q": "x"}, headers=headers)
    assert answer.json()["items"] == []


async def test_a_hold_of_one_name_in_two_wallets_is_told_of_both(http: Client) -> None:
    """Its id is unique only within its wallet."""
    hold_id = uuid.uuid4().hex
    wallets = sorted([called(await funded(http)), called(await funded(http))])
    for wallet_id in wallets:
        body = {"sku": "image", "hold_id": hold_id}
        assert (await post(http, f"/v1/wallets/{wallet_id}/holds", body)).status_code == 201
    assert sorted(await find(http, hold_id)) == [("hold", wallet) for wallet in wallets]
