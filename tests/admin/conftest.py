"""Fixtures of the people's commands: desks at one live service, and a wallet with a history."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from msgspec import Struct

from tests.admin.desk import Desk
from tests.kit.keys import DEV_KEY, add_key
from tests.kit.serving import Served

Call = Callable[..., Awaitable[dict[str, Any]]]
PERSON = ("wallet:read", "order:write", "credit:write", "finance:read", "admin:write")


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where commands keep their compiled modules."""
    return str(tmp_path_factory.mktemp("bytecode"))


@pytest.fixture(scope="session")
def desk(served: Served, bytecode: str) -> Desk:
    """The desk of somebody who may do everything."""
    return Desk(served.url, DEV_KEY, bytecode)


class People(Struct, frozen=True):
    """Two people: one proposes, the other approves."""

    ann: Desk
    bob: Desk


@pytest.fixture(scope="session")
async def people(served: Served, bytecode: str) -> People:
    """The desks of two people."""
    ann = await add_key(served.database_url, PERSON, caller="ann", kind="person")
    bob = await add_key(
        served.database_url, (*PERSON, "admin:approve"), caller="bob", kind="person"
    )
    return People(Desk(served.url, ann, bytecode), Desk(served.url, bob, bytecode))


@pytest.fixture(scope="session")
async def call(served: Served) -> AsyncIterator[Call]:
    """What asks the ledger directly, for what the commands must have done."""
    headers = {"authorization": f"Bearer {DEV_KEY}"}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers, timeout=30) as client:

        async def ask(path: str, body: dict[str, Any] | None = None, **query: str) -> Any:
            if body is None:
                answer = await client.get(path, params=query)
            else:
                key = {"idempotency-key": secrets.token_hex(8)}
                answer = await client.post(path, json=body, headers=key)
            assert answer.status_code < 300, answer.text
            return answer.json()

        yield ask


class Story(Struct, frozen=True):
    """A wallet with something of everything, and the ids of what it has."""

    wallet: str
    daily: str
    hold: str
    charge: str
    order: str
    pending: str


@pytest.fixture(scope="session")
async def story(call: Call) -> Story:
    """A wallet that claimed, was given, bought, spent and holds points."""
    wallet = f"user.{secrets.token_hex(4)}"
    place = f"/v1/wallets/{wallet}"
    daily = await call(f"{place}/daily-grant", {})
    why = "春季活动 [bold]x[/bold]"
    grant = {"currency": "KUAIBI", "amount": "7", "source": "promotional", "reason": why}
    await call(f"{place}/grants", grant)
    recharge = {"kind": "recharge", "currency": "KUAIBI", "price_cny": "10", "channel": "sandbox"}
    order = (await call(f"{place}/orders", recharge))["order_id"]
    await call(f"/v1/channels/sandbox/orders/{order}/pay", {})
    gold = {"kind": "membership", "plan": "gold", "period": "month", "channel": "sandbox"}
    member = (await call(f"{place}/orders", gold))["order_id"]
    await call(f"/v1/channels/sandbox/orders/{member}/pay", {})
    pending = (await call(f"{place}/orders", recharge))["order_id"]
    spent = {"currency": "KUAIBI", "amount": "30", "reference": "render-1842"}
    charge = (await call(f"{place}/debits", spent))["charge_id"]
    hold = (await call(f"{place}/holds", {"sku": "video-5s-standard"}))["hold_id"]
    return Story(wallet, daily["lot_id"], hold, charge, order, pending)
