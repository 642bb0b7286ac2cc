"""gRPC by itself: answers lost with their connection, and what only HTTP has."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest

from ledger.client import (
    LedgerClient,
    Malformed,
    OutcomeUnknown,
    RetryPolicy,
    SyncLedgerClient,
    Unavailable,
)
from tests.client.conftest import QUICK, follow, funded, left
from tests.kit.keys import DEV_KEY
from tests.kit.proxy import Proxy
from tests.kit.serving import Served, free_port


def far_url(way: Proxy) -> str:
    """How the ledger is reached over a way."""
    return f"grpc://127.0.0.1:{way.port}"


@pytest.fixture
async def cutting(served: Served) -> AsyncIterator[Proxy]:
    """A way to the live ledger's gRPC that loses answers."""
    async with Proxy(served.grpc_port) as cutting_way:
        yield cutting_way


@pytest.fixture
async def far(cutting: Proxy) -> AsyncIterator[LedgerClient]:
    """A client over that way."""
    async with LedgerClient(far_url(cutting), DEV_KEY, retry=QUICK) as ledger_client:
        yield ledger_client


async def test_a_lost_answer_is_recovered_and_charged_once(
    client: LedgerClient, far: LedgerClient, cutting: Proxy
) -> None:
    """A connection that breaks is an unknown outcome, which the same key resolves."""
    wallet_id = await funded(far)
    cutting.cuts = 2
    debit = await far.debit(wallet_id, currency="INSPIRATION", amount=7)
    assert (await client.charge(wallet_id, debit.charge_id)).amount == 7
    assert await left(client, wallet_id) == ("93.00", "0.00")
    assert cutting.cuts == 0


async def test_an_unknown_outcome_is_resolved_over_either_transport(
    client: LedgerClient, cutting: Proxy
) -> None:
    """Keys are the ledger's, not the transport's."""
    wallet_id = await funded(client)
    once = RetryPolicy(attempts_max=1)
    async with LedgerClient(far_url(cutting), DEV_KEY, retry=once) as far:
        await far.wallet(wallet_id)
        cutting.cuts = 1
        with pytest.raises(OutcomeUnknown) as unknown:
            await far.debit(wallet_id, currency="INSPIRATION", amount=7)
        first = await client.resolve(unknown.value)
        assert await far.resolve(unknown.value) == first
    assert await left(client, wallet_id) == ("93.00", "0.00")


async def test_a_hold_survives_what_is_lost(
    client: LedgerClient, far: LedgerClient, cutting: Proxy
) -> None:
    """Authorization and capture."""
    wallet_id = await funded(far)
    cutting.cuts = 1
    async with far.hold(wallet_id, sku="image", quantity=2) as hold:
        cutting.cuts = 1
    assert hold.charge is not None
    assert await left(client, wallet_id) == ("99.60", "0.00")


async def test_who_follows_goes_on_over_broken_connections(
    client: LedgerClient, far: LedgerClient, cutting: Proxy
) -> None:
    """From the last event that came: none is missed and none comes twice."""
    for _ in range(6):
        await funded(client)
    events = [event async for event in client.events(0, follow=False)]
    received = []
    async with aclosing(follow(far, 0, 0)) as following:
        for count in range(len(events)):
            received.append(await anext(following))
            if count == len(events) - 1:
                cutting.cuts = 1
        more = asyncio.create_task(anext(following))
        for _ in range(8):
            await funded(client)
        received.append(await more)
    assert received[:-1] == events
    assert received[-1].seq == events[-1].seq + 1
    assert cutting.cuts == 0


async def test_nobody_there_means_nothing_was_done() -> None:
    """Told at once, not after a deadline."""
    twice = RetryPolicy(attempts_max=2, backoff_s=0.001, deadline_s=3_600)
    async with LedgerClient(f"grpc://127.0.0.1:{free_port()}", DEV_KEY, retry=twice) as nowhere:
        with pytest.raises(Unavailable, match="Nothing was done"):
            await nowhere.debit("w", sku="image")


async def test_an_attempt_after_a_failed_one_is_one_of_its_own(
    client: LedgerClient, cutting: Proxy
) -> None:
    """It waits until the channel connects again, and does not repeat the failure it finds."""
    wallet_id = await funded(client)
    once = RetryPolicy(attempts_max=1)
    async with LedgerClient(far_url(cutting), DEV_KEY, retry=once) as far:
        cutting.cuts = 1
        # A loop that is late may find the channel connected again, and the attempt succeed.
        with contextlib.suppress(Unavailable):
            await far.debit(wallet_id, currency="KUAIBI", amount=7)
        await far.debit(wallet_id, currency="INSPIRATION", amount=7)
    assert await left(client, wallet_id) == ("93.00", "0.00")


async def test_threads_use_it_as_well(client: LedgerClient, served: Served) -> None:
    """The synchronous face has a loop of its own, beside the one that is here."""
    wallet_id = await funded(client)

    def work() -> None:
        with (
            SyncLedgerClient(f"grpc://127.0.0.1:{served.grpc_port}", DEV_KEY) as plain,
            ThreadPoolExecutor(4) as threads,
        ):
            list(threads.map(lambda _: plain.debit(wallet_id, sku="image"), range(20)))

    async with LedgerClient(f"grpc://127.0.0.1:{served.grpc_port}", DEV_KEY) as beside:
        await beside.wallet(wallet_id)
        await asyncio.to_thread(work)
        assert await left(beside, wallet_id) == ("96.00", "0.00")


async def test_what_has_no_message_is_told(far: LedgerClient) -> None:
    """The escape hatch is HTTP's; and a word that is none of a closed set never gets there."""
    with pytest.raises(ValueError, match="over HTTP only"):
        await far.request("GET", "/v1/find", query={"q": "user-7"})
    with pytest.raises(Malformed, match="promotional"):
        await far.grant("w", "KUAIBI", 1, source="generosity", reason="test")
