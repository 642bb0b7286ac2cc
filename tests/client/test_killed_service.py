"""A service that is killed under its callers: every promise is kept, and nothing else is done."""

import asyncio
import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.client import LedgerClient, RetryBudget, RetryPolicy
from tests.client.conftest import funded
from tests.client.faulty_way import FaultyWay
from tests.conftest import DEV_KEY, Database, Served

PATIENT = RetryPolicy(
    attempts_max=1_000, attempt_timeout_s=5, deadline_s=120, backoff_s=0.05, backoff_max_s=0.5
)


def serve(database: Database, folder: Path, ports: dict[str, str] | None = None) -> Served:
    """A service of its own on a database, on ports of its own unless they are named."""
    environment = {
        "LEDGER_DATABASE_URL": database.url,
        "LEDGER_OWNER_DATABASE_URL": database.owner_url,
        "LEDGER_DATA_DIR": str(folder),
        "LEDGER_DEV_API_KEY": DEV_KEY,
        "LEDGER_ACCESS_LOG": "0",
        **(ports or {}),
    }
    service = Served(environment, "--dev")
    service.wait_until_ready()
    return service


@pytest.mark.slow
async def test_a_service_that_is_killed_charges_each_call_once(
    database: Database, tmp_path: Path
) -> None:
    """Callers wait the outage out: every debit and every hold is charged, and charged once."""
    first = await asyncio.to_thread(serve, database, tmp_path / "first")
    stop = asyncio.Event()
    counts = {"debits": 0, "holds": 0}

    async def work(client: LedgerClient, wallet_id: str) -> None:
        while not stop.is_set():
            await client.debit(wallet_id, currency="INSPIRATION", amount=1)
            counts["debits"] += 1
            async with client.hold(wallet_id, currency="INSPIRATION", amount=3) as hold:
                hold.capture_amount = 2
            counts["holds"] += 1

    budget = RetryBudget(burst=1e6)
    async with (
        FaultyWay(first.port) as way,
        LedgerClient(way.url, DEV_KEY, retry=PATIENT, budget=budget) as client,
    ):
        wallet_id = await funded(client, 100_000)
        working = [asyncio.create_task(work(client, wallet_id)) for _ in range(8)]
        await asyncio.sleep(1.5)
        os.killpg(first.process.pid, signal.SIGKILL)
        await asyncio.to_thread(first.process.communicate)
        before = dict(counts)
        second = await asyncio.to_thread(serve, database, tmp_path / "second")
        try:
            way.port = second.port
            await asyncio.sleep(1.5)
            stop.set()
            await asyncio.gather(*working)
            balance = (await client.wallet(wallet_id)).balances["INSPIRATION"]
        finally:
            await asyncio.to_thread(second.stop)
    assert min(before.values()) > 10
    assert counts["debits"] > before["debits"]
    spent = counts["debits"] + 2 * counts["holds"]
    assert (balance.available, balance.held) == (Decimal(100_000 - spent), Decimal(0))
