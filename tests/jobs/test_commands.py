"""`ledger jobs`, and the jobs that a server does beside serving."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ledger.jobs import JOBS
from ledger.service import Ledger
from tests.kit.command_line import run, start
from tests.kit.databases import Database, differences
from tests.kit.dues import HOUR_US, due_now, events_of, lots_that_expire, poison
from tests.kit.serving import client_of, free_port, serving
from tests.kit.waiting import until


async def test_once_sweeps_until_nothing_is_due(
    database: Database, ledger: Ledger, owner: Any
) -> None:
    """Exit code 0, and a summary for people or for machines; again it finds nothing."""
    await lots_that_expire(ledger, 700)
    await ledger.clock.advance(2 * HOUR_US)
    code, out, err = await run("jobs", "--once", "--json", **database.environment)
    assert code == 0, err
    report = json.loads(out)
    assert (report["events"], report["wallets_due"], report["wallets_quarantined"]) == (700, 0, 0)
    assert await due_now(owner) == 0
    assert await owner.fetchval("SELECT count(*) FROM job_leases") == 0
    code, out, _ = await run("jobs", "--once", **database.environment)
    assert (code, "0 dues recorded" in out) == (0, True)
    assert await differences(database) == []


async def test_once_leaves_a_wallet_whose_dues_raise_and_says_so(
    database: Database, ledger: Ledger, owner: Any
) -> None:
    """It does not try the same wallet for ever, and the others are swept."""
    await lots_that_expire(ledger, 5)
    await poison(ledger, owner, "sick")
    await ledger.clock.advance(40 * 24 * HOUR_US)
    code, out, err = await run("jobs", "--once", "--json", **database.environment)
    assert code == 0, err
    report = json.loads(out)
    assert (report["events"], report["wallets_due"], report["wallets_quarantined"]) == (5, 0, 1)
    assert "wallet_quarantined" in err
    code, out, _ = await run("jobs", "--once", **database.environment)
    assert (code, "1 wallets are in quarantine" in out) == (0, True)


async def test_jobs_apart_tell_what_they_measure(database: Database, owner: Any) -> None:
    """On a port of their own, where one is named."""
    port = free_port()
    process = await start("jobs", "--metrics-port", str(port), **database.environment)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def shows_no_lag() -> bool:
                with suppress(httpx2.TransportError):
                    return (
                        'ledger_sweeper_lag_seconds{shard="0"} 0.0'
                        in (await client.get("/metrics")).text
                    )
                return False

            await until(shows_no_lag)
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0
    assert await owner.fetchval("SELECT count(*) FROM job_leases") == 0


async def test_a_server_sweeps_and_tells_its_lag(
    database: Database, ledger: Ledger, owner: Any, tmp_path: Path
) -> None:
    """By default, without anybody's doing; the leases are given back when it stops."""
    await lots_that_expire(ledger, 30)
    async with serving(database, tmp_path) as service, client_of(service) as client:
        await ledger.clock.advance(2 * HOUR_US)

        async def swept() -> bool:
            return len(await events_of(owner, "lot_expired_v1")) == 30

        await until(swept)

        async def shows_all_swept() -> bool:
            text = (await client.get("/metrics")).text
            lags = [line for line in text.splitlines() if line.startswith("ledger_sweeper_lag_s")]
            counts = [line for line in text.splitlines() if line.startswith("ledger_sweeper_dues_")]
            swept_in_all = sum(float(count.split()[1]) for count in counts if "_total" in count)
            return sorted(line.split()[1] for line in lags) == ["0.0", "0.0"] and swept_in_all == 30

        await until(shows_all_swept)
        assert await owner.fetchval("SELECT count(*) FROM job_leases") == 2 * len(JOBS)
    assert await owner.fetchval("SELECT count(*) FROM job_leases") == 0


@pytest.mark.faults
async def test_a_server_with_jobs_off_sweeps_nothing(
    database: Database, ledger: Ledger, owner: Any, tmp_path: Path
) -> None:
    """Somebody else does: `ledger jobs` in a process of its own."""
    await lots_that_expire(ledger, 3)
    await ledger.clock.advance(2 * HOUR_US)
    async with serving(database, tmp_path, LEDGER_JOBS="off"):
        pass
    assert await events_of(owner, "lot_expired_v1") == []
    # Jobs ask for leases first of all, and what they did is counted once they are gone.
    count = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'job_leases'"
    assert await owner.fetchval(count) == 0


@pytest.mark.faults
async def test_several_workers_share_the_jobs(
    database: Database, ledger: Ledger, owner: Any, tmp_path: Path
) -> None:
    """Each offers itself; the figures of whoever does the work are those that are told."""
    await lots_that_expire(ledger, 30)
    async with (
        serving(database, tmp_path, LEDGER_WORKERS="2") as service,
        client_of(service) as client,
    ):
        await ledger.clock.advance(2 * HOUR_US)

        async def shows_all_swept() -> bool:
            text = (await client.get("/metrics")).text
            counts = [line for line in text.splitlines() if line.startswith("ledger_sweeper_dues_")]
            return sum(float(count.split()[1]) for count in counts if "_total" in count) == 30

        await until(shows_all_swept)
        assert len(await events_of(owner, "lot_expired_v1")) == 30
    assert await differences(database) == []
