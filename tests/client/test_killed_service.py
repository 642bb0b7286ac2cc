"""A service that is killed under its callers: every promise is kept, and nothing else is done."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.client import LedgerClient, RetryBudget, RetryPolicy
from tests.client.conftest import funded
from tests.kit.databases import Database
from tests.kit.http_proxy import FaultyWay
from tests.kit.keys import DEV_KEY
from tests.kit.serving import serving
from tests.kit.waiting import until

PATIENT = RetryPolicy(
    attempts_max=1_000, attempt_timeout_s=5, deadline_s=120, backoff_s=0.05, backoff_max_s=0.5
)


@pytest.mark.faults
async def test_a_service_that_is_killed_charges_each_call_once(
    database: Database, tmp_path: Path
) -> None:
    """Callers wait the outage out: every debit and every hold is charged, and charged once."""
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
        serving(database, tmp_path / "first") as first,
        FaultyWay(first.port) as way,
        LedgerClient(way.url, DEV_KEY, retry=PATIENT, budget=budget) as client,
    ):
        wallet_id = await funded(client, 100_000)
        working = [asyncio.create_task(work(client, wallet_id)) for _ in range(8)]
        await until(lambda: min(counts.values()) > 10)
        await asyncio.to_thread(first.kill)
        before = dict(counts)
        async with serving(database, tmp_path / "second") as second:
            way.target = second.port
            await until(lambda: counts["debits"] > before["debits"] + 10)
            stop.set()
            await asyncio.gather(*working)
            balance = (await client.wallet(wallet_id)).balances["INSPIRATION"]
    spent = counts["debits"] + 2 * counts["holds"]
    assert (balance.available, balance.held) == (Decimal(100_000 - spent), Decimal(0))
