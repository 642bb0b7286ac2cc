"""Killed outright, service or Postgres: what was acknowledged stands, and nothing else is there."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.kit.command_line import run
from tests.kit.serving import Served, client_of, serving
from tests.kit.waiting import until

WALLETS = [f"w{i}" for i in range(8)]
FUNDS = 1_000_000


class Traffic:
    """Clients that debit at random under keys of their own, and note what they were told."""

    def __init__(self, service: Served, seed: int) -> None:
        self._service, self._dice = service, random.Random(seed)
        self.sent: dict[str, tuple[str, int]] = {}
        self.acknowledged: dict[str, bytes] = {}
        self.statuses: set[int] = set()
        self._stopping = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Four clients at once."""
        async with client_of(self._service) as client, asyncio.TaskGroup() as clients:
            for number in range(4):
                clients.create_task(self._debit_on(client, number))
            yield
            self._stopping = True

    async def _debit_on(self, client: httpx2.AsyncClient, number: int) -> None:
        count = 0
        while not self._stopping:
            count += 1
            key = f"{number}-{count}"
            self.sent[key] = (self._dice.choice(WALLETS), self._dice.randint(1, 99))
            with contextlib.suppress(httpx2.TransportError):
                answer = await self.send(client, key)
                self.statuses.add(answer.status_code)
                if answer.status_code == 201:
                    self.acknowledged[key] = answer.content
            await asyncio.sleep(0)

    def reached(self, count: int) -> bool:
        """Whether so many have been acknowledged."""
        return len(self.acknowledged) >= count

    async def send(self, client: httpx2.AsyncClient, key: str) -> httpx2.Response:
        """The request of a key, the same every time."""
        wallet, minor = self.sent[key]
        return await client.post(
            f"/v1/wallets/{wallet}/debits",
            json={"currency": "INSPIRATION", "amount": f"0.{minor:02d}"},
            headers={"Idempotency-Key": key},
        )


async def _fund(service: Served) -> None:
    async with client_of(service) as client:
        for wallet in WALLETS:
            answer = await client.post(
                f"/v1/wallets/{wallet}/grants",
                json={
                    "currency": "INSPIRATION",
                    "amount": str(FUNDS // 100),
                    "source": "promotional",
                    "reason": "for a test",
                },
                headers={"Idempotency-Key": f"fund {wallet}".replace(" ", "-")},
            )
            assert answer.status_code == 201, answer.text


async def _check(service: Served, traffic: Traffic, folder: Path) -> None:
    """Every key once more: the same answer as before, one effect each, and books that agree."""
    async with client_of(service) as client:
        keys = list(traffic.sent)
        for start in range(0, len(keys), 64):
            some = keys[start : start + 64]
            answers = await asyncio.gather(*(traffic.send(client, key) for key in some))
            for key, answer in zip(some, answers, strict=True):
                assert answer.status_code == 201, answer.text
                if key in traffic.acknowledged:
                    assert answer.headers["idempotency-replayed"] == "true"
                    assert answer.content == traffic.acknowledged[key]
        for wallet in WALLETS:
            body = (await client.get(f"/v1/wallets/{wallet}")).json()
            spent = sum(minor for where, minor in traffic.sent.values() if where == wallet)
            available = body["balances"]["INSPIRATION"]["available"]
            assert int(available.replace(".", "")) == FUNDS - spent
    code, out, _ = await run("verify", "--json", LEDGER_DATA_DIR=str(folder))
    assert code == 0, out


@pytest.mark.faults
@pytest.mark.parametrize("seed", [1])
async def test_a_killed_service_leaves_nothing_running_and_loses_nothing(
    data_dir: Path, seed: int
) -> None:
    """SIGKILL of the supervisor under load: workers and Postgres go too; the next start heals."""
    async with serving(None, data_dir) as service:
        await _fund(service)
        postgres = int((data_dir / "postgres.pid").read_text())
        traffic = Traffic(service, seed)
        async with traffic.running():
            await until(lambda: traffic.reached(50))
            service.process.kill()
        await asyncio.to_thread(service.process.wait)
    await until(lambda: not _exists(f"/proc/{postgres}"))
    async with serving(None, data_dir) as again:
        await _check(again, traffic, data_dir)


@pytest.mark.faults
@pytest.mark.parametrize("seed", [2])
async def test_a_killed_postgres_is_restarted_and_loses_nothing(data_dir: Path, seed: int) -> None:
    """SIGKILL of the postmaster under load: 503 for a while, nothing worse, then as before."""
    async with serving(None, data_dir) as service:
        await _fund(service)
        traffic = Traffic(service, seed)
        async with traffic.running():
            for _ in range(2):
                enough = len(traffic.acknowledged) + 50
                await until(partial(traffic.reached, enough))
                pid = int((data_dir / "postgres.pid").read_text())
                os.kill(pid, signal.SIGKILL)
                await until(partial(_other_pid, data_dir, pid))
                enough = len(traffic.acknowledged) + 20
                await until(partial(traffic.reached, enough))
        assert traffic.statuses <= {201, 503}
        await _check(service, traffic, data_dir)


def _other_pid(folder: Path, pid: int) -> bool:
    file = folder / "postgres.pid"
    return file.exists() and file.read_text().strip() not in {"", str(pid)}


async def test_a_stopped_service_leaves_nothing_running(data_dir: Path) -> None:
    """SIGTERM, repeatedly and to the whole group: everything is down, with exit code 0."""
    async with serving(None, data_dir) as service:
        postgres = int((data_dir / "postgres.pid").read_text())
        for _ in range(3):
            os.killpg(service.process.pid, signal.SIGTERM)
            await asyncio.sleep(0.01)
        await asyncio.to_thread(service.process.wait)
        assert service.process.returncode == 0
        await until(lambda: not _exists(f"/proc/{postgres}"))
        await until(lambda: not _group_lives(service.process.pid))


def _exists(path: str) -> bool:
    return Path(path).exists()


def _group_lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True
