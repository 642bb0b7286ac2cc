"""Fixtures of the SDK: a client of a live ledger, straight and over a way that loses things."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from ledger.client import LedgerClient, Pace, RetryPolicy
from ledger.client.results import Event
from tests.kit.http_proxy import FaultyWay
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served

QUICK = RetryPolicy(
    attempts_max=8, attempt_timeout_s=2, deadline_s=120, backoff_s=0.001, backoff_max_s=0.01
)
"""Many attempts in little time."""


class Waits:
    """A pace that remembers how long it was to wait; it waits only if it shall `really`."""

    def __init__(self, *, really: bool = False) -> None:
        self.waited: list[float] = []
        self._really = really
        self.pace = Pace(sleep=self._sleep, draw=lambda: 0.0)

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        if self._really:
            await asyncio.sleep(seconds)


@pytest.fixture
async def client(served: Served) -> AsyncIterator[LedgerClient]:
    """A client of the live ledger."""
    async with LedgerClient(served.url, DEV_KEY) as ledger_client:
        yield ledger_client


@pytest.fixture(params=["http", "grpc"])
async def either(served: Served, request: pytest.FixtureRequest) -> AsyncIterator[LedgerClient]:
    """A client of the live ledger over each transport: what it is used for works over both."""
    url = served.url if request.param == "http" else f"grpc://127.0.0.1:{served.grpc_port}"
    async with LedgerClient(url, DEV_KEY) as ledger_client:
        yield ledger_client


@pytest.fixture
async def way(served: Served) -> AsyncIterator[FaultyWay]:
    """A way to the live ledger that loses what it is told to."""
    async with FaultyWay(served.port) as faulty_way:
        yield faulty_way


@pytest.fixture
async def far(way: FaultyWay) -> AsyncIterator[LedgerClient]:
    """A client of the same ledger, over that way."""
    async with LedgerClient(way.url, DEV_KEY, retry=QUICK, pace=Waits().pace) as ledger_client:
        yield ledger_client


async def funded(client: LedgerClient, amount: int = 100) -> str:
    """A wallet nobody has seen, with points."""
    wallet_id = f"w-{uuid.uuid4().hex}"
    await client.grant(wallet_id, "INSPIRATION", amount, source="promotional", reason="test")
    return wallet_id


async def left(client: LedgerClient, wallet_id: str) -> tuple[str, str]:
    """(available, held) of INSPIRATION."""
    balance = (await client.wallet(wallet_id)).balances["INSPIRATION"]
    return str(balance.available), str(balance.held)


async def follow(client: LedgerClient, shard: int, after_seq: int) -> AsyncGenerator[Event, None]:
    """As a generator, which can be closed."""
    async for event in client.events(shard, after_seq=after_seq):
        yield event


def without(index: int) -> Callable[[bytes], bytes]:
    """What takes an event out of a page."""

    def change(body: bytes) -> bytes:
        page: dict[str, Any] = msgspec.json.decode(body)
        del page["items"][index]
        return msgspec.json.encode(page)

    return change
