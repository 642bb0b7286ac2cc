"""Leases: one process does a job at a time, another when that one stops, dies or is cut off."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.jobs import Job, running
from ledger.jobs.lease import LEASE_S, Lease
from ledger.jobs.sweeper import SWEEP
from ledger.service import Ledger
from tests.conftest import Database
from tests.faults.proxy import CommitProxy
from tests.jobs.support import (
    HOUR_US,
    differences,
    due_now,
    events_of,
    lots_that_expire,
    opened,
    until,
)

LEDGER = str(Path(sys.executable).with_name("ledger"))


def noting(who: str, log: list[str]) -> Job:
    """The sweeper, noting who sweeps."""

    async def run(ledger: Ledger, shard: int) -> AsyncGenerator[int, None]:
        log.append(who)
        async for count in SWEEP.run(ledger, shard):
            yield count

    return Job(SWEEP.name, SWEEP.interval_s, run, SWEEP.disown)


@contextmanager
def jobs_process(database: Database, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`ledger jobs` on the database, killed at the end if it still runs then."""
    process = subprocess.Popen(
        [LEDGER, "jobs"],
        env={"LEDGER_DATABASE_URL": database.url, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def leases(owner: Any) -> dict[str, str]:
    """Whose the sweeper's leases are, of two shards."""
    rows = await owner.fetch("SELECT * FROM job_leases WHERE job LIKE 'sweep-%'")
    return {row["job"]: row["owner"] for row in rows}


async def test_of_two_processes_one_sweeps_and_the_other_takes_over_when_it_stops(
    database: Database, owner: Any
) -> None:
    """A clean stop gives the lease back, so the other need not wait for its end."""
    log: list[str] = []
    async with opened(database) as a, opened(database) as b:
        async with running(a, [noting("a", log)]):

            async def owned() -> bool:
                return len(await leases(owner)) == 2

            await until(owned)
            async with running(b, [noting("b", log)]):
                await lots_that_expire(a, 50)
                await a.clock.advance(2 * HOUR_US)

                async def swept() -> bool:
                    return await due_now(owner) == 0

                await until(swept)
                assert set(log) == {"a"}
                first = await leases(owner)
                await asyncio.sleep(0.3)
                assert set(log) == {"a"}
        assert await leases(owner) == {}
        log.clear()
        async with running(b, [noting("b", log)]):

            async def taken_over() -> bool:
                return len(await leases(owner)) == 2

            assert await until(taken_over) < 5
            assert set((await leases(owner)).values()).isdisjoint(first.values())
    assert set(log) == {"b"}
    assert await differences(database) == []


async def test_a_killed_owner_is_followed_when_its_lease_ends(
    database: Database, ledger: Ledger, owner: Any
) -> None:
    """Not before: until then nobody knows that it is dead; and never later than the lease."""

    async def owned() -> bool:
        return len(await leases(owner)) == 2

    with jobs_process(database, LEDGER_SWEEP_INTERVAL_S="0.05"):
        await until(owned)
    left_s = await owner.fetchval(
        "SELECT extract(epoch FROM max(until) - clock_timestamp())::float FROM job_leases"
    )
    assert 0 < left_s <= LEASE_S
    await lots_that_expire(ledger, 20)
    await ledger.clock.advance(2 * HOUR_US)
    async with opened(database) as other, running(other, [SWEEP]):
        await asyncio.sleep(1)
        assert await events_of(owner, "lot_expired_v1") == []
        # So that the test need not wait as long as a service would.
        await owner.execute("UPDATE job_leases SET until = clock_timestamp() + interval '0.5 s'")

        async def swept() -> bool:
            return len(await events_of(owner, "lot_expired_v1")) == 20

        assert 0.2 < await until(swept) < 5
    assert await differences(database) == []


async def test_a_lease_is_kept_from_others_until_its_end(ledger: Ledger, owner: Any) -> None:
    """Its owner keeps it by asking again; anybody has it once it is over, and only one."""
    mine, others = Lease(ledger, "sweep-0", "me"), Lease(ledger, "sweep-0", "other")
    assert await mine.hold()
    assert await mine.hold()
    assert not await others.hold()
    await others.release()
    assert await leases(owner) == {"sweep-0": "me"}
    await owner.execute("UPDATE job_leases SET until = clock_timestamp()")
    many = [Lease(ledger, "sweep-0", f"n{number}") for number in range(8)]
    assert sum(await asyncio.gather(*(lease.hold() for lease in many))) == 1


@pytest.fixture
async def proxied(database: Database) -> AsyncIterator[tuple[Database, "Gate"]]:
    """The database behind a gate that can be shut."""
    match = re.search(r"@/(\w+)\?.*host=([^&]+)&port=(\d+)", database.url)
    assert match is not None, database.url
    async with Gate(f"{match[2]}/.s.PGSQL.{match[3]}", lambda: "pass") as gate:
        url = f"postgresql://ledger_login@127.0.0.1:{gate.port}/{match[1]}?sslmode=disable"
        yield Database(database.owner_url, url), gate


class Gate(CommitProxy):
    """A way to the database that can be shut: connections are lost and new ones get nowhere."""

    shut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.shut:
            writer.close()
            return
        serving = asyncio.create_task(super()._serve(reader, writer))
        while not (serving.done() or self.shut):
            await asyncio.wait([serving], timeout=0.02)
        writer.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Shut for a while; every connection is lost by the time that it begins."""
        self.shut = True
        await asyncio.sleep(0.2)
        try:
            yield
        finally:
            self.shut = False


async def test_a_sweeper_outlives_outages_of_the_database(
    proxied: tuple[Database, Gate], database: Database, ledger: Ledger, owner: Any
) -> None:
    """It says so, waits, and goes on where it was; nothing is lost or done twice."""
    way, gate = proxied
    await lots_that_expire(ledger, 200)
    async with opened(way) as behind, running(behind, [SWEEP]):
        for hour in (1, 2):
            async with gate.closed():
                await ledger.clock.advance(2 * HOUR_US)
                await asyncio.sleep(0.5)
                before = len(await events_of(owner, "lot_expired_v1"))
                assert before == 200 * (hour - 1)

            async def swept(count: int = 200 * hour) -> bool:
                return len(await events_of(owner, "lot_expired_v1")) == count

            await until(swept)
            if hour == 1:
                await lots_that_expire(ledger, 200)
    assert await differences(database) == []


async def test_a_signal_stops_the_jobs_cleanly(database: Database, owner: Any) -> None:
    """SIGTERM: exit code 0, the leases given back, nothing said of errors."""

    async def owned() -> bool:
        return len(await leases(owner)) == 2

    with jobs_process(database) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "ledger jobs are running\n"
        await until(owned)
        process.send_signal(signal.SIGTERM)
        out, _ = await asyncio.to_thread(process.communicate, timeout=30)
    assert (process.returncode, out) == (0, "")
    assert await leases(owner) == {}
