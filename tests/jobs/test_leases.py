"""Leases: one process does a job at a time, another when that one stops, dies or is cut off."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.jobs import Job, running
from ledger.jobs.lease import LEASE_S, Lease
from ledger.jobs.sweeper import SWEEP
from ledger.service import Ledger
from tests.kit.databases import Database, differences
from tests.kit.dues import HOUR_US, due_now, events_of, lots_that_expire
from tests.kit.serving import behind, opened
from tests.kit.waiting import until

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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often who has asked for a lease, in this process."""
    asked: Counter[str] = Counter()
    hold = Lease.hold

    async def hold_and_count(lease: Lease) -> bool:
        held = await hold(lease)
        asked[lease._owner] += 1
        return held

    monkeypatch.setattr(Lease, "hold", hold_and_count)
    return asked


async def test_of_two_processes_one_sweeps_and_the_other_takes_over_when_it_stops(
    database: Database, owner: Any, asked: Counter[str]
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
                asked.clear()
                await until(lambda: sum(asked[who] for who in asked.keys() - first.values()) > 5)
                assert set(log) == {"a"}
        assert await leases(owner) == {}
        log.clear()
        async with running(b, [noting("b", log)]):

            async def taken_over() -> bool:
                return len(await leases(owner)) == 2

            await until(taken_over)
            assert set((await leases(owner)).values()).isdisjoint(first.values())
    assert set(log) == {"b"}
    assert await differences(database) == []


async def test_a_killed_owner_is_followed_when_its_lease_ends(
    database: Database, ledger: Ledger, owner: Any, asked: Counter[str]
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
    await owner.execute("UPDATE job_leases SET until = until + interval '1 hour'")
    await lots_that_expire(ledger, 20)
    await ledger.clock.advance(2 * HOUR_US)
    async with opened(database) as other, running(other, [SWEEP]):
        await until(lambda: asked.total() > 5)
        assert await events_of(owner, "lot_expired_v1") == []
        # So that the test need not wait as long as a service would.
        await owner.execute("UPDATE job_leases SET until = clock_timestamp() + interval '0.5 s'")
        ends_at = await owner.fetchval("SELECT max(until) FROM job_leases")

        async def swept() -> bool:
            return len(await events_of(owner, "lot_expired_v1")) == 20

        await until(swept)
    first_at = await owner.fetchval(
        "SELECT min(recorded_at) - (SELECT offset_us FROM development_clock) "
        "* interval '1 microsecond' FROM events WHERE tag = 'lot_expired_v1'"
    )
    assert first_at > ends_at
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


async def test_a_sweeper_outlives_outages_of_the_database(
    database: Database, ledger: Ledger, owner: Any
) -> None:
    """It says so, waits, and goes on where it was; nothing is lost or done twice."""
    await lots_that_expire(ledger, 200)
    async with behind(database, []) as (service, proxy), running(service, [SWEEP]):
        for hour in (1, 2):
            async with proxy.closed():
                tried = proxy.connections
                await ledger.clock.advance(2 * HOUR_US)
                await until(lambda tried=tried: proxy.connections > tried)  # type: ignore[misc]
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
