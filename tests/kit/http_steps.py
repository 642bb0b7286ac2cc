"""What the tests of the contract share: refusals as declared, replays, purchases, and the books."""

import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger.contract.operation import Operation
from ledger.core.instants import SHANGHAI
from ledger.http.openapi import problems_of
from ledger.http.operations import OPERATIONS
from tests.kit.http_calls import Response, new_wallet, post, problem
from tests.kit.serving import Client
from tests.kit.waiting import until

Body = dict[str, Any]

WHY = {"reason": "test"}
"""What an administrator says."""

POINT = {"currency": "KUAIBI", "amount": "1"}
TO_INSPIRATION = {"from_currency": "KUAIBI", "to_currency": "INSPIRATION", "amount": "1"}


def called(wallet: str) -> str:
    """The id of a wallet, given its path."""
    return wallet.rsplit("/", 1)[1]


def operation_of(answer: Response) -> Operation:
    """The operation that gave an answer, by its method and path."""
    request = answer.request
    for operation in OPERATIONS:
        pattern = re.sub(r"\{\w+\}", "[^/]+", operation.path)
        if operation.method == request.method and re.fullmatch(pattern, request.url.path):
            return operation
    raise AssertionError(f"there is no operation {request.method} {request.url.path}")


def refused(answer: Response, status: int, slug: str) -> Body:
    """The refusal that an answer tells: declared by its operation, with every fact in its words."""
    refusal = problem(answer, status, slug)
    assert slug in problems_of(operation_of(answer)), f"{slug} is not declared"
    assert slug == "malformed" or "unknown" not in refusal["detail"], refusal
    return refusal


async def replayed(http: Client, path: str, body: object, key: str, first: Response) -> None:
    """The same again is the first answer again, and says so."""
    again = await post(http, path, body, key=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def done(http: Client, path: str, body: object, status: int, **more: Any) -> Body:
    """The body of an answer that must have this status."""
    answer = await post(http, path, body, **more)
    assert answer.status_code == status, answer.text
    result: Body = answer.json()
    return result


async def ordered(http: Client, wallet: str, body: Body) -> Body:
    """A pending order."""
    return await done(http, f"{wallet}/orders", {"channel": "sandbox", **body}, 201)


async def paid(http: Client, order: Body) -> Body:
    """The order after the sandbox paid it."""
    answer = await http.post(order["payment"]["pay_url"])
    assert answer.status_code == 200, answer.text
    paid_order: Body = answer.json()
    assert paid_order["status"] == "paid", paid_order
    return paid_order


async def paid_order(http: Client, wallet: str, body: Body) -> Body:
    """An order, once it is paid."""
    return await paid(http, await ordered(http, wallet, body))


async def recharged(http: Client, wallet: str, yuan: int | str, currency: str = "KUAIBI") -> Body:
    """A paid recharge."""
    body = {"kind": "recharge", "currency": currency, "price_cny": str(yuan)}
    return await paid_order(http, wallet, body)


async def holding(http: Client, yuan: int, currency: str = "KUAIBI") -> str:
    """A new wallet with a paid recharge."""
    wallet = new_wallet()
    await recharged(http, wallet, yuan, currency)
    return wallet


async def joined(http: Client, wallet: str, plan: str, period: str, **more: str) -> Body:
    """A paid membership."""
    body = {"kind": "membership", "plan": plan, "period": period, **more}
    return await paid_order(http, wallet, body)


def spending(wallet: str) -> list[tuple[str, Body]]:
    """Every call that takes value out of a wallet, or claims the day's points."""
    return [
        (f"{wallet}/debits", POINT),
        (f"{wallet}/holds", POINT),
        (f"{wallet}/conversions", TO_INSPIRATION),
        (f"{wallet}/transfers", POINT | {"to_wallet_id": "somebody-else"}),
        (f"{wallet}/daily-grant", {}),
    ]


async def charged_back(http: Client, order: Body) -> None:
    """The channel takes the order's payment back."""
    path = f"/v1/channels/sandbox/orders/{order['order_id']}/chargeback"
    answer = await http.post(path, json={})
    assert answer.status_code == 200, answer.text


async def owing(http: Client, **also: str) -> tuple[str, Body]:
    """A wallet that spent 30 of 100 points, all of whose payment was then taken back."""
    wallet = new_wallet()
    order = await recharged(http, wallet, 10)
    await done(http, f"{wallet}/debits", POINT | {"amount": "30"} | also, 201)
    await charged_back(http, order)
    return wallet, order


async def advance(http: Client, **time: float) -> None:
    """Let pass a `timedelta` of these."""
    advance_s = round(timedelta(**time).total_seconds())
    answer = await http.post("/v1/dev/clock", json={"advance_s": advance_s})
    assert answer.status_code == 200, answer.text


async def clock_now(http: Client) -> datetime:
    """The service's clock, in Shanghai."""
    answer = await http.post("/v1/dev/clock", json={"advance_s": 0})
    return datetime.fromisoformat(answer.json()["at"]).astimezone(SHANGHAI)


async def move_to(http: Client, moment: datetime) -> None:
    """Move the clock forward to a moment."""
    answer = await http.post("/v1/dev/clock", json={"at": moment.isoformat()})
    assert answer.status_code == 200, answer.text


async def next_midnight(http: Client) -> datetime:
    """The next midnight in Shanghai."""
    now = await clock_now(http)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def body_of(answer: Any) -> dict[str, Any]:
    """The body of an answer that went well."""
    assert answer.status_code in {200, 201}, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def eventually(ask: Callable[[], Awaitable[Body]], right: Callable[[Body], bool]) -> Body:
    """What is asked for, once it is right; it is under way already."""
    body: Body = {}

    async def is_right() -> bool:
        nonlocal body
        body = await ask()
        return right(body)

    await until(is_right, f"{body}")
    return body


async def fetched(http: Client, path: str) -> Body:
    """What a read tells."""
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    body: Body = answer.json()
    return body


Books = dict[tuple[str, str], Decimal]
"""Closing balances by account and currency, debit positive."""


async def books(http: Client, currency: str | None = None) -> Books:
    """The trial balance of now, of all currencies or one; each sums to zero."""
    query = "" if currency is None else f"?currency={currency}"
    items = (await fetched(http, f"/v1/finance/trial-balance{query}"))["items"]
    closings = {(item["account"], item["currency"]): Decimal(item["closing"]) for item in items}
    sums: dict[str, Decimal] = {}
    for (_, each), closing in closings.items():
        sums[each] = sums.get(each, Decimal()) + closing
    assert set(sums.values()) <= {Decimal()}, sums
    return closings


def moved(before: Books, after: Books) -> dict[str, str]:
    """What changed between two trial balances: `account currency` to the signed difference."""
    places = before.keys() | after.keys()
    changes = {at: after.get(at, Decimal()) - before.get(at, Decimal()) for at in places}
    return {f"{at[0]} {at[1]}": f"{change:.2f}" for at, change in changes.items() if change}


def fresh_key() -> str:
    """An idempotency key that was never used."""
    return uuid.uuid4().hex


def written(moment: datetime) -> str:
    """A moment as the service writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
