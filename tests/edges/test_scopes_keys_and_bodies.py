"""What every call of the product's second half has in common: scopes, keys, strict bodies."""

from typing import Any

import pytest

from tests.kit.http_calls import new_wallet, post, problem, state
from tests.kit.http_steps import POINT, TO_INSPIRATION, WHY, refused
from tests.kit.keys import MakeKey
from tests.kit.serving import Client

ORDER = "/v1/orders/0000000000000000000000000000000a"
RECHARGE = {"kind": "recharge", "currency": "KUAIBI", "price_cny": "1", "channel": "sandbox"}

CALLS: list[tuple[str, str, dict[str, Any] | None, str]] = [
    ("POST", "/conversions", TO_INSPIRATION, "debit:write"),
    ("POST", "/transfers", POINT | {"to_wallet_id": "other"}, "debit:write"),
    ("GET", "/transfers/tr-1", None, "wallet:read"),
    ("POST", "/payouts", {"amount_cny": "1"}, "admin:write"),
    ("POST", "/membership/cancel", {}, "order:write"),
    ("POST", "/orders", RECHARGE, "order:write"),
    ("POST", f"{ORDER}/close", {}, "order:write"),
    ("POST", f"{ORDER}/refund", WHY, "order:write"),
    ("GET", "/v1/refunds/r", None, "wallet:read or order:write"),
    ("POST", "/freeze", WHY, "admin:write"),
    ("POST", "/unfreeze", WHY, "admin:write"),
    ("POST", "/limits", WHY | {"currency": "KUAIBI"}, "admin:write"),
    ("POST", "/close", WHY, "admin:write"),
    ("POST", "/erase", {}, "admin:write"),
]
POSTS = [(path, body) for method, path, body, _ in CALLS if method == "POST"]
WITH_KEY = [(path, body) for path, body in POSTS if path != "/erase"]

SCOPES = {
    "wallet:read",
    "debit:write",
    "credit:write",
    "order:write",
    "finance:read",
    "admin:write",
    "admin:approve",
}


def whole(wallet: str, path: str) -> str:
    """The path of a call, on this wallet where it is on one."""
    return path if path.startswith("/v1") else f"{wallet}{path}"


@pytest.mark.parametrize(("method", "path", "body", "needed"), CALLS)
async def test_a_call_needs_its_scope(
    http: Client, make_key: MakeKey, method: str, path: str, body: object, needed: str
) -> None:
    """403 names the missing scope; all scopes but that one do not help; that one is enough."""
    wallet = new_wallet()
    alternatives = set(needed.split(" or "))
    lacking = await make_key(sorted(SCOPES - alternatives))
    headers = {"authorization": f"Bearer {lacking}", "idempotency-key": "k"}
    answer = await http.request(method, whole(wallet, path), json=body, headers=headers)
    assert refused(answer, 403, "forbidden")["scope"] == needed
    for scope in alternatives:
        headers["authorization"] = f"Bearer {await make_key([scope])}"
        allowed = await http.request(method, whole(wallet, path), json=body, headers=headers)
        assert allowed.status_code not in {401, 403}, allowed.text


@pytest.mark.parametrize(("path", "body"), WITH_KEY)
async def test_a_call_that_changes_something_needs_an_idempotency_key(
    http: Client, path: str, body: dict[str, Any]
) -> None:
    """400 that names the header, before anything is looked at."""
    wallet = new_wallet()
    answer = await http.post(whole(wallet, path), json=body)
    assert refused(answer, 400, "malformed")["field"] == "idempotency-key"
    assert (await state(http, wallet))["seq"] == 0


@pytest.mark.parametrize(("path", "body"), POSTS)
async def test_a_call_takes_no_field_that_it_does_not_know(
    http: Client, path: str, body: dict[str, Any]
) -> None:
    """Nor anything but JSON."""
    wallet = new_wallet()
    answer = await post(http, whole(wallet, path), body | {"colour": "red"})
    assert "colour" in refused(answer, 400, "malformed")["detail"]
    headers = {"idempotency-key": "k", "content-type": "text/plain"}
    text = await http.post(whole(wallet, path), content=b"{}", headers=headers)
    refused(text, 415, "unsupported-media-type")
    assert (await state(http, wallet))["seq"] == 0


async def test_a_batch_needs_the_scope_of_its_conversions_and_transfers(
    http: Client, make_key: MakeKey
) -> None:
    """debit:write, as their own calls; without it the batch is refused whole, naming the index."""
    entry = {"idempotency_key": "1", "wallet_id": "w"}
    convert = {"kind": "convert", **entry, **TO_INSPIRATION}
    transfer = {"kind": "transfer", **entry, **POINT, "to_wallet_id": "other"}
    claim = {"kind": "daily_grant", **entry}
    credit = {"authorization": f"Bearer {await make_key(['credit:write'])}"}
    for entries, index in (([claim, convert], 1), ([transfer], 0)):
        answer = await http.post("/v1/batch", json={"commands": entries}, headers=credit)
        refusal = problem(answer, 403, "forbidden")
        assert (refusal["index"], refusal["scope"]) == (index, "debit:write")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from_currency": "CNY"}, "from_currency"),
        ({"to_currency": "GOLD"}, "to_currency"),
        ({"amount": "0"}, "amount"),
        ({"sku": "image"}, None),
    ],
)
async def test_a_wrong_conversion_in_a_batch_names_its_index(
    http: Client, change: dict[str, str], field: str | None
) -> None:
    """The batch is refused whole, with the field as its own call names it."""
    wallet = new_wallet()
    named = {"wallet_id": wallet.rsplit("/", 1)[1]}
    claim = {"kind": "daily_grant", "idempotency_key": "1", **named}
    convert = {"kind": "convert", "idempotency_key": "2", **named, **TO_INSPIRATION, **change}
    answer = await http.post("/v1/batch", json={"commands": [claim, convert]})
    assert answer.status_code == 400
    assert (answer.json()["index"], answer.json().get("field")) == (1, field)
    assert (await state(http, wallet))["seq"] == 0
