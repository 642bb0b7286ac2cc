"""What a caller of the live service does, said shortly."""

import uuid
from typing import Any

import httpx2

from tests.kit.serving import Client

Response = httpx2.Response


def new_wallet() -> str:
    """The path of a wallet that nobody has seen yet."""
    return f"/v1/wallets/w-{uuid.uuid4().hex}"


async def post(
    http: Client,
    path: str,
    body: object = None,
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """POST JSON, or no body at all, under a key of its own unless one is given."""
    sent = {"idempotency-key": key or uuid.uuid4().hex, **(headers or {})}
    if body is None:
        return await http.post(path, headers=sent)
    return await http.post(path, json=body, headers=sent)


async def give(http: Client, wallet: str, amount: str, **more: str) -> str:
    """Grant INSPIRATION, or what `more` says; the lot's id."""
    body = {"currency": "INSPIRATION", "amount": amount, "source": "promotional", "reason": "test"}
    answer = await post(http, f"{wallet}/grants", body | more)
    assert answer.status_code == 201, answer.text
    lot_id: str = answer.json()["lot_id"]
    return lot_id


async def funded(http: Client, amount: str = "100") -> str:
    """A new wallet with points in one lot that never expires."""
    wallet = new_wallet()
    await give(http, wallet, amount)
    return wallet


async def balance(http: Client, wallet: str, currency: str = "INSPIRATION") -> tuple[str, str]:
    """(available, held) now."""
    answer = await http.get(wallet)
    assert answer.status_code == 200, answer.text
    amounts = answer.json()["balances"][currency]
    return amounts["available"], amounts["held"]


async def state(http: Client, wallet: str) -> dict[str, Any]:
    """Everything the wallet tells, but for when it was asked."""
    body: dict[str, Any] = (await http.get(wallet)).json()
    del body["as_of"]
    return body


def problem(answer: Response, status: int, slug: str) -> dict[str, Any]:
    """The problem that an answer tells; it must be this one, and well-formed."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"https://ledger.example/problems/{slug}", body
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body
