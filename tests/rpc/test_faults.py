"""Faults: callers that go away, deadlines, connections that hang, a database that is gone."""

import asyncio
import contextlib
import random
import time
import uuid
from typing import Any, Final

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ledger.embedded import EmbeddedPostgres
from ledger.rpc import edge
from ledger.rpc import server as serving
from ledger.rpc.server import OPTIONS
from ledger.v1.generation_pb2 import Command, SubmitRequest
from tests.kit.databases import Database, connected, waiting_for_locks
from tests.kit.proxy import Proxy
from tests.kit.waiting import until
from tests.rpc.calls import Rpc, available, funded, refused
from tests.rpc.conftest import Alone, start_alone

POINT: Final[dict[str, Any]] = {"currency": "INSPIRATION", "amount": "1"}


async def debit(rpc: Rpc, wallet_id: str, key: str, within_s: float = 240) -> Any:
    """A debit of one point."""
    asked = {"wallet_id": wallet_id, "idempotency_key": key, **POINT}
    return await rpc.call("Debit", timeout=within_s, **asked)


async def test_a_cancelled_call_is_done_once_or_not_at_all(alone: Alone) -> None:
    """Cancelled at any moment, in any phase: the same key resolves it, and nothing is stuck."""
    dice = random.Random(5)
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc, "1000")
        keys = [uuid.uuid4().hex for _ in range(150)]
        await debit(rpc, wallet_id, keys[0])  # cancelled, that is, after it was done
        for key in keys[1:]:
            call = rpc.start("Debit", wallet_id=wallet_id, idempotency_key=key, **POINT)
            await asyncio.sleep(dice.choice((0, 0.0005, 0.001, 0.002, 0.004)))
            call.cancel()
        begun = float(await available(rpc, wallet_id))
        replayed = [(await debit(rpc, wallet_id, key)).replayed for key in keys]
        assert await available(rpc, wallet_id) == "850.00"
        assert False in replayed, "none was cancelled before it was done"
        assert 1_000 - sum(replayed) <= begun <= 1_000


async def test_cancelled_batches_and_streams_leave_nothing_half_done(alone: Alone) -> None:
    """Each command stands alone, whatever became of those who asked."""
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc, "1000")
        entries: list[Any] = [
            {"debit": {"wallet_id": wallet_id, "idempotency_key": f"k{number}", **POINT}}
            for number in range(400)
        ]
        for wait_s in (0.0, 0.002, 0.005, 0.01, 0.02):
            call = rpc.start("Batch", commands=entries)
            await asyncio.sleep(wait_s)
            call.cancel()
            stream = rpc.submit()
            with contextlib.suppress(asyncio.CancelledError):
                for number, entry in enumerate(entries[:100]):
                    await stream.write(SubmitRequest(sequence=number, command=Command(**entry)))
            await asyncio.sleep(wait_s)
            stream.cancel()
        answer = await rpc.call("Batch", commands=entries)
        assert [result.status for result in answer.results] == [201] * 400
        assert await available(rpc, wallet_id) == "600.00"


async def test_what_is_begun_is_done_though_its_caller_left(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelling a call never cancels a commit: its effect is there without being asked again."""
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc)
        begun, held = asyncio.Event(), asyncio.Event()
        submit = alone.ledger.submit

        async def held_up(*asked: Any) -> Any:
            begun.set()
            await held.wait()
            return await submit(*asked)

        monkeypatch.setattr(alone.ledger, "submit", held_up)
        call = rpc.start("Debit", wallet_id=wallet_id, idempotency_key="k", **POINT)
        await begun.wait()
        call.cancel()
        await asyncio.sleep(0.1)  # for the server to hear of it
        held.set()

        async def done() -> bool:
            return await available(rpc, wallet_id) == "99.00"

        await until(done)


async def test_nothing_is_begun_whose_deadline_has_passed(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is slow to come to a call leaves it alone once its caller has given up."""
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc)
        cached = alone.ledger.callers.cached
        ends: list[grpc.StatusCode] = []

        def slowly(token: str) -> Any:
            # Blocks the loop, so that the call's end cannot be heard of before it goes on.
            time.sleep(0.3)
            return cached(token)

        monkeypatch.setattr(alone.ledger.callers, "cached", slowly)
        for key, within_s in (("late", 0.1), ("timely", 60.0)):
            try:
                await debit(rpc, wallet_id, key, within_s)
            except grpc.aio.AioRpcError as error:
                ends.append(error.code())
        assert ends == [grpc.StatusCode.DEADLINE_EXCEEDED]
        monkeypatch.undo()
        assert await available(rpc, wallet_id) == "99.00"
        assert not (await debit(rpc, wallet_id, "late")).replayed
        assert (await debit(rpc, wallet_id, "timely")).replayed


async def test_a_deadline_that_passes_while_committing_is_an_outcome_its_key_resolves(
    alone: Alone, database: Database
) -> None:
    """The shard is locked for longer than the caller waits: it is done in the end, and once."""
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc)
        async with connected(database.owner_url) as owner, owner.transaction():
            await owner.execute("SELECT FROM shards FOR UPDATE")
            # However slow the machine is, one of these has begun by the time its caller gives up.
            for within_s in (0.3, 1, 3, 10):
                with pytest.raises(grpc.aio.AioRpcError) as late:
                    await debit(rpc, wallet_id, f"late-{within_s}", within_s)
                assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
                if await waiting_for_locks(owner):
                    break
            else:
                raise AssertionError("none was begun")
        assert (await debit(rpc, wallet_id, f"late-{within_s}")).replayed
        assert await available(rpc, wallet_id) == "99.00"


async def test_callers_that_are_gone_without_a_word_are_found_out(
    monkeypatch: pytest.MonkeyPatch, database: Database, alone: Alone
) -> None:
    """Half-open connections: their streams end by keepalive, their last command is done once."""
    # All that is measured in time happens twenty times as fast, and nothing else is changed.
    quick = [(name, value // 20 if name.endswith("_ms") else value) for name, value in OPTIONS]
    monkeypatch.setattr(serving, "OPTIONS", quick)
    other = await start_alone(database.url)
    try:
        async with Proxy(other.port) as valve, Rpc(valve.port) as rpc, Rpc(alone.port) as direct:
            wallet_id = await funded(direct)
            watch, stream = rpc.watch(0), rpc.submit()
            await watch.initial_metadata()
            await stream.initial_metadata()
            await until(lambda: other.server.streams == 2)
            valve.stall()
            lost = asyncio.create_task(debit(rpc, wallet_id, "lost", 1))
            await until(lambda: other.server.streams == 0)
            with pytest.raises(grpc.aio.AioRpcError):
                await lost
            await debit(direct, wallet_id, "lost")
            assert await available(direct, wallet_id) == "99.00"
            watch.cancel()
            stream.cancel()
    finally:
        await other.server.stop()
        await other.ledger.close()


async def test_health_follows_the_database_and_the_end(
    alone: Alone, database: Database, postgres: EmbeddedPostgres
) -> None:
    """SERVING while commands can be served, NOT_SERVING otherwise; told to those who watch."""
    serves = health_pb2.HealthCheckResponse.SERVING
    services = ("", "ledger.v1.GenerationService")
    async with (
        Rpc(alone.port) as rpc,
        connected(database.owner_url) as owner,
        connected(postgres.url("postgres", "postgres")) as admin,
    ):
        name = await owner.fetchval("SELECT current_database()")
        stub = health_pb2_grpc.HealthStub(rpc.channel)
        watches = [
            stub.Watch(health_pb2.HealthCheckRequest(service=service)) for service in services
        ]
        assert [(await watch.read()).status for watch in watches] == [serves, serves]
        await admin.execute("ALTER ROLE ledger_login CONNECTION LIMIT 0")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        assert serves not in [(await watch.read()).status for watch in watches]
        read = rpc.call("ReadWallet", wallet_id="w")
        refusal = await refused(read, "UNAVAILABLE", "DATABASE_UNAVAILABLE")
        assert refusal.retry_after_s == 1
        await admin.execute("ALTER ROLE ledger_login CONNECTION LIMIT -1")
        assert [(await watch.read()).status for watch in watches] == [serves, serves]
        alone.ledger.drain()
        assert serves not in [(await watch.read()).status for watch in watches]
        for watch in watches:
            watch.cancel()


async def test_a_stop_answers_what_is_under_way(alone: Alone, database: Database) -> None:
    """Calls in flight are answered or sent away; what was answered stands, and it takes no time."""
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc, "1000")
        watch = rpc.watch(0)
        await watch.initial_metadata()

        def begin(start: int, stop: int) -> list[asyncio.Task[Any]]:
            return [
                asyncio.create_task(debit(rpc, wallet_id, f"k{number}"))
                for number in range(start, stop)
            ]

        calls = begin(0, 50)
        await asyncio.gather(*calls)
        calls += begin(50, 200)
        await asyncio.sleep(0)
        alone.ledger.drain()
        calls += begin(200, 300)
        await asyncio.sleep(0)
        await alone.server.stop()
        answers = await asyncio.gather(*calls, return_exceptions=True)
    failed = [answer for answer in answers if isinstance(answer, BaseException)]
    assert 0 < len(failed) < len(answers), "nothing was under way"
    for failure in failed:
        assert isinstance(failure, grpc.aio.AioRpcError)
        assert failure.code() is grpc.StatusCode.UNAVAILABLE
    again = await start_alone(database.url)
    async with Rpc(again.port) as rpc:
        replayed = [(await debit(rpc, wallet_id, f"k{number}")).replayed for number in range(300)]
        assert await available(rpc, wallet_id) == "700.00"
    await again.server.stop()
    await again.ledger.close()
    for answer, done in zip(answers, replayed, strict=True):
        assert done or isinstance(answer, BaseException), "an answer was lost"


async def test_a_stream_too_many_is_refused_with_its_reason(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As any other refusal: BUSY, and when to come again."""
    monkeypatch.setattr(edge, "STREAMS_MAX", 0)
    async with Rpc(alone.port) as rpc:
        for stream in (rpc.watch(0), rpc.submit()):
            refusal = await refused(stream.read(), "UNAVAILABLE", "BUSY")
            assert refusal.facts["retry_after_s"] == "1"
