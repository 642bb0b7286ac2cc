"""A service that is restarted under those who follow it and those who call it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ledger.client import LedgerClient
from ledger.client.results import Event
from tests.client.conftest import funded
from tests.kit.databases import Database
from tests.kit.keys import DEV_KEY
from tests.kit.serving import serving

SHARDS = 2


@pytest.mark.faults
@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize("is_killed", [False, True])
async def test_who_follows_and_who_calls_outlives_a_restart(
    database: Database, tmp_path: Path, scheme: str, *, is_killed: bool
) -> None:
    """With the default policy: every event once and in order, every debit done once.

    The service stays away for 4 s on top of the time that it takes to start.
    """
    seen: dict[int, list[Event]] = {shard: [] for shard in range(SHARDS)}
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(serving(database, tmp_path / "first"))
        port = first.port if scheme == "http" else first.grpc_port
        client = LedgerClient(f"{scheme}://127.0.0.1:{port}", DEV_KEY)
        await stack.enter_async_context(client)
        following = [asyncio.create_task(follow(client, events)) for events in seen.items()]
        wallets = [await funded(client, 50) for _ in range(4)]
        made = [await client.debit(wallet_id, sku="image") for wallet_id in wallets]
        await asyncio.to_thread(first.kill if is_killed else first.stop)
        waiting = [asyncio.create_task(client.debit(wallet, sku="image")) for wallet in wallets]
        await asyncio.sleep(4)
        assert not any(task.done() for task in [*waiting, *following])
        ports = {"LEDGER_HTTP_PORT": str(first.port), "LEDGER_GRPC_PORT": str(first.grpc_port)}
        await stack.enter_async_context(serving(database, tmp_path / "second", **ports))
        made += await asyncio.gather(*waiting)
        made += [await client.debit(wallet_id, sku="image") for wallet_id in wallets]
        for wallet_id in wallets:
            balance = (await client.wallet(wallet_id)).balances["INSPIRATION"]
            assert balance.available == 50 - 3 * made[0].amount
        charges = {debit.charge_id for debit in made}
        while charges - charges_in(seen):
            assert not any(task.done() for task in following)
            await asyncio.sleep(0.05)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    for events in seen.values():
        assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def follow(client: LedgerClient, shard_events: tuple[int, list[Event]]) -> None:
    """Keep what a shard records."""
    shard, events = shard_events
    async for event in client.events(shard):
        events.append(event)


def charges_in(seen: dict[int, list[Event]]) -> set[str]:
    """The charges that debits made, in all shards."""
    return {
        event.payload["charge"]["charge_id"]
        for events in seen.values()
        for event in events
        if event.type == "debit_charged_v1"
    }
