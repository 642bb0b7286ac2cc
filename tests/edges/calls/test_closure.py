"""The end of a wallet over HTTP: what stands in its way, what is given up, what is erased."""

from typing import Any

import pytest

from tests.kit.http_calls import Response, give, new_wallet, post, state
from tests.kit.http_steps import (
    POINT,
    WHY,
    Body,
    books,
    called,
    charged_back,
    done,
    eventually,
    fetched,
    holding,
    joined,
    moved,
    ordered,
    owing,
    recharged,
    refused,
    replayed,
    spending,
)
from tests.kit.serving import Client


async def test_a_wallet_with_anything_left_is_not_closed(alone: Client) -> None:
    """What stands in the way is told, one after the other; nothing is given up unsaid."""
    wallet, creator = new_wallet(), new_wallet()
    order = await recharged(alone, wallet, 100)
    await alone.post("/v1/channels/sandbox/behaviour", json={"refunds": "silent"})
    await done(alone, f"{wallet}/holds", POINT | {"hold_id": "h"}, 201)
    refund = await done(
        alone, f"/v1/orders/{order['order_id']}/refund", WHY | {"amount_cny": "1"}, 202
    )
    tip = POINT | {"to_wallet_id": called(wallet), "amount": "10"}
    other = await holding(alone, 10)
    await done(alone, f"{other}/transfers", tip, 201)
    await eventually(lambda: state(alone, wallet), lambda body: bool(body["payable_fen"]))
    await joined(alone, wallet, "gold", "month")
    lost = await recharged(alone, wallet, 1, "INSPIRATION")
    await done(alone, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "670"}, 201)
    await charged_back(alone, lost)

    async def closing(**consents: bool) -> Response:
        return await post(alone, f"{wallet}/close", WHY | consents)

    async def stands(what: str, **consents: bool) -> None:
        before = await state(alone, wallet)
        refusal = refused(await closing(**consents), 409, "wallet-not-empty")
        assert (refusal["what"], refusal["wallet_id"]) == (what, called(wallet))
        assert await state(alone, wallet) == before

    everything = {"forfeit_balance": True, "end_membership": True, "write_off_claim": True}
    await stands("open holds", **everything)
    await done(alone, f"{wallet}/holds/h/void", {}, 200)
    await stands("refunds under way", **everything)
    await alone.post(f"/v1/channels/sandbox/refunds/{refund['refund_id']}/confirm")
    await stands("money payable to its owner", **everything)
    await done(alone, f"{wallet}/payouts", {"amount_cny": "0.5"}, 201)
    for name, what in (
        ("forfeit_balance", "a balance"),
        ("end_membership", "a membership"),
        ("write_off_claim", "an open claim"),
    ):
        await stands(what, **everything | {name: False})
    assert (await closing(**everything)).status_code == 200
    assert (await state(alone, creator))["seq"] == 0


def commands_of(wallet: str, charge_id: str, order: Body) -> list[tuple[str, Body]]:
    """The path and body of every command that may be asked of a wallet."""
    return [
        *spending(wallet),
        (f"{wallet}/grants", POINT | WHY | {"source": "promotional"}),
        (f"{wallet}/charges/{charge_id}/refund", WHY),
        (f"{wallet}/orders", order),
        (f"{wallet}/membership/cancel", {}),
        (f"{wallet}/freeze", WHY),
        (f"{wallet}/unfreeze", WHY),
        (f"{wallet}/limits", {"currency": "KUAIBI"} | WHY),
        (f"{wallet}/close", WHY),
    ]


async def test_a_closed_wallet_is_closed_for_good(alone: Client) -> None:
    """What it had is breakage; its orders are closed; nothing is asked of it any more."""
    wallet = new_wallet()
    await recharged(alone, wallet, 10)
    await joined(alone, wallet, "gold", "quarter")
    recharge = {"kind": "recharge", "currency": "KUAIBI", "price_cny": "1", "channel": "sandbox"}
    pending = await ordered(alone, wallet, recharge)
    charge = await done(alone, f"{wallet}/debits", POINT, 201)
    before = await books(alone)
    body = WHY | {"forfeit_balance": True, "end_membership": True}
    first = await post(alone, f"{wallet}/close", body, key="end")
    assert first.status_code == 200
    end = first.json()
    assert [(forfeited["currency"], forfeited["amount"]) for forfeited in end.pop("forfeited")] == [
        ("INSPIRATION", "660.00"),
        ("KUAIBI", "99.00"),
    ]
    assert end.pop("closed_at").endswith("Z")
    assert end == {
        "wallet_id": called(wallet),
        "membership_ended": True,
        "claim_written_off_cny": "0.00",
        "orders_closed": [pending["order_id"]],
    }
    # Cost 9.90 (VAT 0.57 of 10.00, less the 0 of 1 point: 0.57) and 198.00 (VAT 11.21).
    assert moved(before, await books(alone)) == {
        "liabilities:contract:kuaibi CNY": "9.33",
        "liabilities:contract:membership CNY": "186.79",
        "liabilities:vat:pending CNY": "11.78",
        "liabilities:vat:payable CNY": "-11.78",
        "revenue:breakage CNY": "-196.12",
        "points:available:purchased KUAIBI": "99.00",
        "points:expired:purchased KUAIBI": "-99.00",
        "points:available:membership INSPIRATION": "660.00",
        "points:expired:membership INSPIRATION": "-660.00",
    }
    closed = await state(alone, wallet)
    assert (closed["status"], closed["membership"], closed["frozen"]) == ("closed", None, False)
    zero = {"available": "0.00", "held": "0.00", "expiring_soon": "0.00"}
    assert closed["balances"] == {"INSPIRATION": zero, "KUAIBI": zero}
    await replayed(alone, f"{wallet}/close", body, "end", first)
    for path, sent in commands_of(wallet, charge["charge_id"], recharge):
        refusal = refused(await post(alone, path, sent), 409, "wallet-closed")
        assert refusal["closed_at"] == first.json()["closed_at"]
    refund = await post(alone, f"/v1/orders/{pending['order_id']}/refund", WHY)
    refused(refund, 409, "wallet-closed")
    closing = await post(alone, f"/v1/orders/{pending['order_id']}/close")
    refused(closing, 409, "order-not-payable")
    assert await state(alone, wallet) == closed
    for read in ("", "/lots", "/holds", "/entries", f"/charges/{charge['charge_id']}"):
        await fetched(alone, f"{wallet}{read}")


async def test_a_claim_is_written_off_with_its_wallet(alone: Client) -> None:
    """A memorandum leaves no trace in the books."""
    wallet, _ = await owing(alone)
    before = await books(alone)
    end = await done(alone, f"{wallet}/close", WHY | {"write_off_claim": True}, 200)
    assert (end["claim_written_off_cny"], end["forfeited"]) == ("3.00", [])
    assert (end["membership_ended"], end["orders_closed"]) == (False, [])
    assert moved(before, await books(alone)) == {}
    assert (await state(alone, wallet))["claim_fen"] == 0


async def reasons(http: Client, wallet: str) -> list[str | None]:
    """The texts that the wallet's history tells."""
    items = (await fetched(http, f"{wallet}/entries"))["items"]
    return [item["reason"] for item in items]


async def test_texts_about_a_wallet_are_erased(http: Client) -> None:
    """They leave the history; without an idempotency key, as often as one likes."""
    wallet = new_wallet()
    await give(http, wallet, "5", reason="for Li Lei of Room 7")
    await done(http, f"{wallet}/freeze", {"reason": "Li Lei called"}, 200)
    assert await reasons(http, wallet) == ["Li Lei called", "for Li Lei of Room 7"]
    before = await state(http, wallet)
    for erased in (2, 0):
        answer = await http.post(f"{wallet}/erase")
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"wallet_id": called(wallet), "erased": erased}
    assert await reasons(http, wallet) == [None, None]
    assert await state(http, wallet) == before


async def test_closing_a_wallet_erases_its_texts(http: Client) -> None:
    """Also the reason of the closing itself; told again, it is the first answer still."""
    wallet = new_wallet()
    await give(http, wallet, "5", reason="for Li Lei of Room 7")
    body = {"reason": "Li Lei left", "forfeit_balance": True}
    first = await post(http, f"{wallet}/close", body, key="end")
    assert first.status_code == 200
    assert await reasons(http, wallet) == [None, None]
    await replayed(http, f"{wallet}/close", body, "end", first)
    other = await post(http, f"{wallet}/close", body | {"forfeit_balance": False}, key="end")
    assert refused(other, 422, "idempotency-key-reused")["field"] == "forfeit_balance"


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("freeze", {}),
        ("unfreeze", {"reason": 1}),
        ("freeze", {"reason": "x", "until": "tomorrow"}),
        ("close", {"reason": "x", "forfeit_balance": "yes"}),
        ("close", {"reason": "x", "forfeit_balance": 1}),
        ("close", {"reason": "x", "forfeit": True}),
        ("close", {}),
        ("erase", {"reason": "x"}),
        ("payouts", {"amount_cny": "1", "reason": "x"}),
        ("payouts", {"amount_cny": "1", "tax_withheld_cny": "-1"}),
        ("payouts", {}),
        ("membership/cancel", {"reason": "x"}),
    ],
)
async def test_a_wrong_order_to_a_wallet_is_malformed(
    http: Client, call: str, body: dict[str, Any]
) -> None:
    """Decoded strictly: nothing is guessed, nothing unknown is taken."""
    wallet = new_wallet()
    refused(await post(http, f"{wallet}/{call}", body), 400, "malformed")
    assert (await state(http, wallet))["seq"] == 0
