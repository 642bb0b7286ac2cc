"""A service that is restarted under those who follow it and those who call it."""

import asyncio
import signal
from pathlib import Path

import pytest

from ledger.client import LedgerClient
from tests.client.conftest import funded
from tests.client.test_killed_service import serve
from tests.conftest import DEV_KEY, Database, Served

SHARDS = 2


def again(first: Served, database: Database, folder: Path) -> Served:
    """The same service once more, on the same ports."""
    ports = {"LEDGER_HTTP_PORT": str(first.port), "LEDGER_GRPC_PORT": str(first.grpc_port)}
    return serve(database, folder, ports)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
async def test_who_follows_and_who_calls_outlives_a_restart(
    database: Database, tmp_path: Path, scheme: str, sign: signal.Signals
) -> None:
    """With the default policy: every event once and in order, every debit done once.

    The service stays away for 4 s on top of the time that it takes to start.
    """
    first = await asyncio.to_thread(serve, database, tmp_path / "first")
    port = first.port if scheme == "http" else first.grpc_port
    seen: dict[int, list[int]] = {shard: [] for shard in range(SHARDS)}
    charges: set[str] = set()
    async with LedgerClient(f"{scheme}://127.0.0.1:{port}", DEV_KEY) as client:

        async def follow(shard: int) -> None:
            async for event in client.events(shard):
                seen[shard].append(event.seq)
                if event.type == "debit_charged_v1":
                    charges.add(event.payload["charge"]["charge_id"])

        following = [asyncio.create_task(follow(shard)) for shard in range(SHARDS)]
        wallets = [await funded(client, 50) for _ in range(4)]
        made = [await client.debit(wallet_id, sku="image") for wallet_id in wallets]
        await asyncio.to_thread(first.stop, sign)
        waiting = [asyncio.create_task(client.debit(wallet, sku="image")) for wallet in wallets]
        await asyncio.sleep(4)
        assert not any(task.done() for task in [*waiting, *following])
        second = await asyncio.to_thread(again, first, database, tmp_path / "second")
        try:
            made += await asyncio.gather(*waiting)
            made += [await client.debit(wallet_id, sku="image") for wallet_id in wallets]
            for wallet_id in wallets:
                balance = (await client.wallet(wallet_id)).balances["INSPIRATION"]
                assert balance.available == 50 - 3 * made[0].amount
            while charges < {debit.charge_id for debit in made}:
                assert not any(task.done() for task in following)
                await asyncio.sleep(0.05)
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
            await asyncio.to_thread(second.stop)
    for seqs in seen.values():
        assert seqs == list(range(1, len(seqs) + 1))
