"""What users of the service do in these tests, said shortly."""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from ledger.core.batch import Outcome
from ledger.core.decider import Command
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened, SettlePayment
from ledger.core.instants import SHANGHAI
from ledger.core.purchases import Order
from ledger.core.rejections import Reason, Rejection
from ledger.service import Ledger
from ledger.store.pool import connect_service
from tests.conftest import DEV_KEY, Database, Served
from tests.edges.callers import Client, post

INSPIRATION = 1001
KUAIBI = 1002
CNY = 156

T = TypeVar("T")

_keys = itertools.count()


async def done(ledger: Ledger, command: Command, kind: type[T], key: str = "") -> T:
    """Have a command done, under a key of its own unless one is given; the event of this kind."""
    answer = await ledger.submit("test", key or f"key-{next(_keys)}", command)
    assert isinstance(answer.outcome, kind), answer.outcome
    return answer.outcome


async def refused(ledger: Ledger, command: Command, reason: Reason) -> Rejection:
    """Have a command refused for this reason."""
    answer: Outcome = (await ledger.submit("test", f"key-{next(_keys)}", command)).outcome
    assert isinstance(answer, Rejection), answer
    assert answer.reason is reason, answer
    return answer


async def paid(ledger: Ledger, command: OpenRecharge | OpenMembership) -> Order:
    """Open an order and have it paid; the order as it is then."""
    order = (await done(ledger, command, OrderOpened)).order
    await settled(ledger, command.wallet_id, order)
    return await order_now(ledger, order.order_id)


async def settled(ledger: Ledger, wallet_id: str, order: Order, payment_id: str = "") -> Outcome:
    """What comes of the channel's word that an order was paid, under the channel's own number."""
    payment_id = payment_id or f"pay-{order.order_id}"
    settle = SettlePayment(wallet_id, order.order_id, payment_id, order.price_fen)
    return (await ledger.submit(f"channel:{order.channel}", payment_id, settle)).outcome


async def order_now(ledger: Ledger, order_id: str) -> Order:
    """An order as it stands."""
    row = await ledger.orders.find(order_id)
    assert row is not None, order_id
    return row[1]


async def closing_of(ledger: Ledger, currency: int = CNY) -> dict[str, int]:
    """What every account that is not at zero stands at, debit positive, by its path."""
    rows = await ledger.reports.trial_balance(None, currency)
    return {row.account: row.closing for row in rows if row.closing}


async def available(ledger: Ledger, wallet_id: str, currency: int = INSPIRATION) -> int:
    """What a wallet has to spend."""
    return (await ledger.wallets.read(wallet_id)).wallet.available_minor(currency)


async def until(true: Callable[[], Awaitable[bool]], patience_s: float = 20) -> None:
    """Wait for something to become true; fails when it does not."""
    give_up_at = time.monotonic() + patience_s
    while not await true():
        assert time.monotonic() < give_up_at, "it did not become true"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def shards_locked(url: str) -> AsyncIterator[None]:
    """Nothing is recorded meanwhile: every command waits, as behind a batch that takes long."""
    connection = await connect_service(url)
    try:
        async with connection.transaction():
            await connection.fetch("SELECT shard FROM shards ORDER BY shard FOR NO KEY UPDATE")
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def serving(database: Database, folder: Path, **environment: str) -> AsyncIterator[Served]:
    """A server of its own on a database, without the jobs."""
    service = Served(
        {
            "LEDGER_DATABASE_URL": database.url,
            "LEDGER_OWNER_DATABASE_URL": database.owner_url,
            "LEDGER_DATA_DIR": str(folder),
            "LEDGER_DEV_API_KEY": DEV_KEY,
            "LEDGER_ACCESS_LOG": "0",
            "LEDGER_JOBS": "off",
            **environment,
        },
        "--dev",
    )
    try:
        await asyncio.to_thread(service.wait_until_ready)
        yield service
    finally:
        if service.process.poll() is None:
            # Whatever became of it in the test: one that is stopped hears no other signal.
            os.killpg(service.process.pid, signal.SIGCONT)
            await asyncio.to_thread(service.stop)


def client_of(served: Served, timeout_s: float = 30) -> Client:
    """A client with the development key."""
    headers = {"authorization": f"Bearer {DEV_KEY}"}
    return httpx2.AsyncClient(base_url=served.url, headers=headers, timeout=timeout_s)


async def recharged(http: Client, wallet: str, price_cny: str = "10") -> str:
    """Recharge a wallet with INSPIRATION; the order's id."""
    body = {"kind": "recharge", "currency": "INSPIRATION", "channel": "sandbox"}
    return await ordered(http, wallet, body | {"price_cny": price_cny})


async def ordered(http: Client, wallet: str, body: dict[str, str]) -> str:
    """Open an order over HTTP and have it paid; its id."""
    opened = await post(http, f"{wallet}/orders", body)
    assert opened.status_code == 201, opened.text
    answer = await http.post(opened.json()["payment"]["pay_url"])
    assert answer.json()["status"] == "paid", answer.text
    order_id: str = opened.json()["order_id"]
    return order_id


async def clock_now(http: Client) -> datetime:
    """The service's clock, in Shanghai."""
    answer = await http.post("/v1/dev/clock", json={"advance_s": 0})
    return datetime.fromisoformat(answer.json()["at"]).astimezone(SHANGHAI)


async def move_to(http: Client, moment: datetime) -> None:
    """Move the clock forward to a moment."""
    answer = await http.post("/v1/dev/clock", json={"at": moment.isoformat()})
    assert answer.status_code == 200, answer.text


async def move_by(http: Client, **time: float) -> None:
    """Move the clock forward by a `timedelta` of these."""
    advance_s = round(timedelta(**time).total_seconds())
    answer = await http.post("/v1/dev/clock", json={"advance_s": advance_s})
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
