"""Killed outright, service or Postgres: what was acknowledged stands, and nothing else is there."""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.conftest import DEV_KEY, Served, wait_until

WALLETS = [f"w{i}" for i in range(8)]
FUNDS = 1_000_000


class Traffic:
    """Clients that debit at random under keys of their own, and note what they were told."""

    def __init__(self, url: str, seed: int) -> None:
        self._url, self._dice = url, random.Random(seed)
        self.sent: dict[str, tuple[str, int]] = {}
        self.acknowledged: dict[str, bytes] = {}
        self.statuses: set[int] = set()
        self._stopping = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Four clients at once."""
        async with _client(self._url) as client, asyncio.TaskGroup() as clients:
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


def _client(url: str) -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {DEV_KEY}"}
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=30)


async def _serve(folder: Path) -> Served:
    environment = {
        "LEDGER_DATA_DIR": str(folder),
        "LEDGER_DEV_API_KEY": DEV_KEY,
        "LEDGER_ACCESS_LOG": "0",
    }
    service = Served(environment, "--dev")
    await asyncio.to_thread(service.wait_until_ready)
    return service


async def _fund(url: str) -> None:
    async with _client(url) as client:
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


async def _check(url: str, traffic: Traffic, folder: Path) -> None:
    """Every key once more: the same answer as before, one effect each, and books that agree."""
    async with _client(url) as client:
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
    verify = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("ledger")),
        "verify",
        "--json",
        env={**os.environ, "LEDGER_DATA_DIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await verify.communicate()
    assert verify.returncode == 0, out


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
async def test_a_killed_service_leaves_nothing_running_and_loses_nothing(
    tmp_path: Path, seed: int
) -> None:
    """SIGKILL of the supervisor under load: workers and Postgres go too; the next start heals."""
    service = await _serve(tmp_path)
    await _fund(service.url)
    postgres = int((tmp_path / "postgres.pid").read_text())
    traffic = Traffic(service.url, seed)
    async with traffic.running():
        await asyncio.sleep(random.Random(seed).uniform(0.5, 1.0))
        service.process.kill()
        await asyncio.sleep(0.2)
    await asyncio.to_thread(service.process.communicate)
    await asyncio.to_thread(wait_until, lambda: not Path(f"/proc/{postgres}").exists())
    assert traffic.acknowledged
    again = await _serve(tmp_path)
    await _check(again.url, traffic, tmp_path)
    await asyncio.to_thread(again.stop)


@pytest.mark.parametrize("seed", [2])
async def test_a_killed_postgres_is_restarted_and_loses_nothing(tmp_path: Path, seed: int) -> None:
    """SIGKILL of the postmaster under load: 503 for a while, nothing worse, then as before."""
    service = await _serve(tmp_path)
    await _fund(service.url)
    traffic = Traffic(service.url, seed)
    async with traffic.running():
        for _ in range(2):
            await asyncio.sleep(random.Random(seed).uniform(0.4, 0.8))
            pid = int((tmp_path / "postgres.pid").read_text())
            os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(wait_until, partial(_other_pid, tmp_path, pid))
            count = len(traffic.acknowledged)
            enough = count + 20
            await asyncio.to_thread(wait_until, partial(traffic.reached, enough))
    assert traffic.statuses <= {201, 503}
    await _check(service.url, traffic, tmp_path)
    out = await asyncio.to_thread(service.stop)
    assert service.process.returncode == 0, out


def _other_pid(folder: Path, pid: int) -> bool:
    file = folder / "postgres.pid"
    return file.exists() and file.read_text().strip() not in {"", str(pid)}


async def test_a_stopped_service_leaves_nothing_running(tmp_path: Path) -> None:
    """SIGTERM, repeatedly and to the whole group: everything is down, with exit code 0."""
    service = await _serve(tmp_path)
    postgres = int((tmp_path / "postgres.pid").read_text())
    for _ in range(3):
        os.killpg(service.process.pid, signal.SIGTERM)
        await asyncio.sleep(0.01)
    await asyncio.to_thread(service.process.communicate)
    assert service.process.returncode == 0
    await asyncio.to_thread(wait_until, lambda: not _exists(f"/proc/{postgres}"), 5)
    await asyncio.to_thread(wait_until, lambda: not _group_lives(service.process.pid), 5)


def _exists(path: str) -> bool:
    return Path(path).exists()


def _group_lives(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True
