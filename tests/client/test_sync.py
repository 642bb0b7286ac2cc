"""The synchronous face: the same client for threads, scripts and web workers."""

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TypeVar, assert_type

import pytest

from ledger.client import (
    InsufficientFunds,
    LedgerClient,
    LedgerError,
    OutcomeUnknown,
    SyncLedgerClient,
    batch,
)
from ledger.client.results import Debit, Entry, Wallet
from tests.client.conftest import QUICK, funded
from tests.kit.http_proxy import FaultyWay
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served
from tests.kit.waiting import wait_until

T = TypeVar("T")


@pytest.fixture
async def plain(served: Served) -> AsyncIterator[SyncLedgerClient]:
    """A synchronous client of the live ledger."""
    with SyncLedgerClient(served.url, DEV_KEY) as sync_client:
        yield sync_client


@pytest.fixture
async def plain_far(way: FaultyWay) -> AsyncIterator[SyncLedgerClient]:
    """One over the way that loses things; the way is served by the tests' own loop."""
    sync_client = SyncLedgerClient(way.url, DEV_KEY, retry=QUICK)
    yield sync_client
    await elsewhere(sync_client.close)


async def elsewhere(work: Callable[[], T]) -> T:
    """Run blocking code while the loop of the test goes on."""
    return await asyncio.to_thread(work)


async def test_a_script_reads_as_it_should(plain: SyncLedgerClient) -> None:
    """Results, iterators, batches, refusals: without an await, and with their types."""
    wallet_id = f"w-{time.time_ns()}"
    plain.grant(wallet_id, "INSPIRATION", 100, source="promotional", reason="test")
    debit = plain.debit(wallet_id, currency="INSPIRATION", amount=1)
    assert_type(debit, Debit)
    assert debit.available_after == 99
    results = plain.batch([batch.debit(wallet_id, sku="image") for _ in range(3)])
    assert [result.value.amount for result in results] == [Decimal("0.20")] * 3
    assert_type(plain.entries(wallet_id), Iterator[Entry])
    assert len(list(plain.entries(wallet_id, page_size=2))) == 5
    wallet = plain.wallet(wallet_id)
    assert_type(wallet, Wallet)
    assert wallet.balances["INSPIRATION"].available == Decimal("98.40")
    with pytest.raises(InsufficientFunds) as refused:
        plain.debit(wallet_id, currency="INSPIRATION", amount=500)
    assert refused.value.available == Decimal("98.40")
    assert plain.request("GET", f"/v1/wallets/{wallet_id}")["wallet_id"] == wallet_id


def test_every_call_of_the_client_is_there() -> None:
    """Whoever adds one adds its synchronous face."""
    calls = {
        name
        for name, method in inspect.getmembers(LedgerClient, inspect.isfunction)
        if not name.startswith("_")
    }
    assert calls - set(dir(SyncLedgerClient)) == {"aclose", "finish"}
    assert SyncLedgerClient.debit.__doc__ == LedgerClient.debit.__doc__


async def test_a_hold_is_captured_or_voided(plain: SyncLedgerClient) -> None:
    """The block behaves as the asynchronous one."""
    wallet_id = f"w-{time.time_ns()}"
    plain.grant(wallet_id, "INSPIRATION", 100, source="promotional", reason="test")
    with plain.hold(wallet_id, currency="INSPIRATION", amount=10) as hold:
        hold.capture_amount = Decimal(4)
        assert hold.capture_amount == 4
        assert hold.amount == 10
    assert hold.charge is not None
    assert hold.charge.returned == 6
    with (
        pytest.raises(ZeroDivisionError),
        plain.hold(wallet_id, currency="INSPIRATION", amount=10) as hold,
    ):
        raise ZeroDivisionError
    assert plain.read_hold(wallet_id, hold.hold_id).status == "voided"
    with plain.hold(wallet_id, currency="INSPIRATION", amount=10) as hold:
        assert hold.extend(60).hold_id == hold.hold_id
        hold.capture(1)
    with plain.hold(wallet_id, currency="INSPIRATION", amount=10) as hold:
        assert hold.void().hold_id == hold.hold.hold_id
    assert plain.wallet(wallet_id).balances["INSPIRATION"].available == 95


async def test_threads_share_a_client_and_lose_nothing(
    client: LedgerClient, way: FaultyWay, plain_far: SyncLedgerClient
) -> None:
    """Eight threads, each debit once, over a way that loses some answers."""
    wallet_id = await funded(client)
    way.faults.extend(["cut-after", "pass", "reset", "half"] * 3)

    def work(_: int) -> str:
        try:
            return plain_far.debit(wallet_id, currency="INSPIRATION", amount=1).charge_id
        except OutcomeUnknown as unknown:
            return str(plain_far.resolve(unknown).charge_id)

    def all_of_it() -> set[str]:
        with ThreadPoolExecutor(8) as threads:
            return set(threads.map(work, range(40)))

    assert len(await elsewhere(all_of_it)) == 40
    assert (await client.wallet(wallet_id)).balances["INSPIRATION"].available == 60


async def test_closing_ends_the_calls_of_other_threads(way: FaultyWay) -> None:
    """None of them waits for ever, and none is told that it succeeded."""
    client = SyncLedgerClient(way.url, DEV_KEY)
    way.faults.extend(["silence"] * 3)
    calls = [asyncio.create_task(elsewhere(lambda: client.wallet("nobody"))) for _ in range(3)]
    await elsewhere(lambda: wait_until(lambda: len(way.heads) == 3))
    await elsewhere(client.close)
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert {isinstance(failure, LedgerError) for failure in ended} == {True}
    with pytest.raises(RuntimeError, match="closed"):
        client.wallet("nobody")
    client.close()
    assert "ledger-client" not in {thread.name for thread in threading.enumerate()}


FORKS = """
import os, signal, sys
from ledger.client import SyncLedgerClient

signal.alarm(240)
url, key = sys.argv[1:]
for use_it in (False, True):
    with SyncLedgerClient(url, key) as client:
        if use_it:
            client.wallet("parent")
        if not (child := os.fork()):
            signal.alarm(240)
            try:
                print(client.wallet("child").wallet_id, flush=True)
            except RuntimeError as error:
                print(error, flush=True)
            client.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print(client.wallet("parent").wallet_id, flush=True)
"""


async def test_a_fork_is_told(served: Served) -> None:
    """A client that was not used yet may be inherited; one that was says what to do."""
    script = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORKS, served.url, DEV_KEY, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await script.communicate()
    lines = out.decode().splitlines()
    assert lines[:2] == ["child", "parent"]
    assert "Make a client in each process" in lines[2]
    assert lines[3:] == ["parent"]
    assert script.returncode == 0


ALONE = """
import sys
import ledger.client
ours = {name for name in sys.modules if name.startswith("ledger.")}
print(sorted(one for one in ours if not one.startswith("ledger.client")))
print(sorted({"grpc", "google.protobuf", "opentelemetry", "asyncpg"} & set(sys.modules)))
"""


async def test_the_client_comes_alone() -> None:
    """It needs nothing else of ours, and loads what is optional when it is asked for."""
    script = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ALONE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await script.communicate()
    assert out.decode().split() == ["[]", "[]"]
