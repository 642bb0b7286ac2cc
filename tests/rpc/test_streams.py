"""Streams: commands with their results, and the log as it grows, in order and without a gap."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from ledger.contract.history.feed import SEQ_MAX
from ledger.rpc.command_stream import AT_ONCE, COMMAND_BYTES
from ledger.v1.generation_pb2 import Command, DebitRequest, SubmitRequest
from ledger.v1.wallet_pb2 import GrantRequest
from tests.kit.databases import Database, connected
from tests.kit.keys import MakeKey
from tests.kit.serving import Served, serving
from tests.kit.waiting import until
from tests.rpc.calls import Rpc, available, funded, json_of, new_wallet_id, refusal_of, refused
from tests.rpc.conftest import Alone, start_alone

POINT = {"currency": "INSPIRATION", "amount": "1"}


def debit(number: int, wallet_id: str, **more: Any) -> SubmitRequest:
    """A command of a stream, under a key of its own."""
    fields = {"wallet_id": wallet_id, "idempotency_key": uuid.uuid4().hex, **POINT, **more}
    return SubmitRequest(sequence=number, command=Command(debit=DebitRequest(**fields)))


async def test_commands_on_one_wallet_are_decided_in_the_order_they_were_sent(rpc: Rpc) -> None:
    """More at once than are run at once: each result is its own, none is missing, none twice."""
    wallet_id, count = await funded(rpc, "5000"), 3 * AT_ONCE
    call = rpc.submit(timeout=240)

    async def send() -> None:
        for number in range(count):
            await call.write(debit(number, wallet_id))
        await call.done_writing()

    sending = asyncio.create_task(send())
    results = [result async for result in call]
    await sending
    assert [result.sequence for result in results] == list(range(count))
    left = [float(result.result.debit.available_after) for result in results]
    assert left == [5_000.0 - number for number in range(1, count + 1)]


async def test_what_is_wrong_with_one_command_is_its_own_result(rpc: Rpc) -> None:
    """The stream goes on: an empty one, a wrong one, one too large, one that is not allowed."""
    wallet_id = await funded(rpc, "5")
    call = rpc.submit(timeout=240)
    wrong = [
        SubmitRequest(sequence=1),
        debit(2, wallet_id, amount="x"),
        debit(3, wallet_id, reference="r" * COMMAND_BYTES),
        debit(4, wallet_id, amount="6"),
        debit(5, wallet_id, currency="GOLD"),
        debit(6, wallet_id),
    ]
    for request in wrong:
        await call.write(request)
    await call.done_writing()
    results = [response.result async for response in call]
    reasons = [result.problem.reason for result in results]
    assert reasons[:3] == ["MALFORMED", "MALFORMED", "BODY_TOO_LARGE"]
    assert reasons[3:5] == ["INSUFFICIENT_FUNDS", "UNKNOWN_CURRENCY"]
    assert results[5].debit.available_after == "4.00"


async def test_a_message_that_is_none_ends_the_stream_after_what_came_before(rpc: Rpc) -> None:
    """Nobody could say which command it was meant to be."""
    wallet_id = await funded(rpc)
    call = rpc.submit(timeout=240)
    await call.write(debit(1, wallet_id))
    await call.write(b"\xff\xff")
    assert (await call.read()).result.debit.available_after == "99.00"
    await refused(call.read(), "INVALID_ARGUMENT", "MALFORMED")


async def test_a_stream_needs_the_scope_of_each_command(served: Served, make_key: MakeKey) -> None:
    """One that is not allowed is refused by itself."""
    async with Rpc(served.grpc_port, await make_key(["debit:write"])) as spender:
        call = spender.submit(timeout=240)
        grant: Any = {"wallet_id": "w", "idempotency_key": "k", "currency": "INSPIRATION"}
        grant |= {"amount": "1", "source": "SOURCE_PROMOTIONAL", "reason": "test"}
        await call.write(SubmitRequest(sequence=1, command=Command(grant=GrantRequest(**grant))))
        await call.write(debit(2, new_wallet_id()))
        await call.done_writing()
        results = [response.result async for response in call]
    assert [result.problem.reason for result in results] == ["FORBIDDEN", "INSUFFICIENT_FUNDS"]


async def test_a_key_that_is_revoked_ends_its_streams(alone: Alone, database: Database) -> None:
    """Within a second or two: what was allowed once is not allowed for ever."""
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc)
        watch, call = rpc.watch(0), rpc.submit(timeout=240)
        await watch.initial_metadata()
        await call.write(debit(1, wallet_id))
        assert (await call.read()).result.status == 201
        async with connected(database.owner_url) as owner:
            await owner.execute("UPDATE api_keys SET revoked_at = now()")
        await asyncio.sleep(1.1)
        await call.write(debit(2, wallet_id))
        await refused(call.read(), "UNAUTHENTICATED", "UNAUTHENTICATED")
        watch.cancel()


async def test_a_caller_who_does_not_read_cannot_send_on(alone: Alone) -> None:
    """Results that nobody takes hold the stream up; memory does not grow, others are served."""
    window = {"http2.lookahead_bytes": 65_536, "http2.bdp_probe": 0}
    async with Rpc(alone.port, options=window) as slow, Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc, "100000")
        call = slow.submit()
        sent = 0
        with contextlib.suppress(TimeoutError):
            for number in range(100_000):
                long = {"idempotency_key": f"{number:0>250}", "reference": "r" * 64}
                await asyncio.wait_for(call.write(debit(number, wallet_id, **long)), 3)
                sent += 1
        assert AT_ONCE < sent < 10_000
        assert (await rpc.call("Debit", wallet_id=wallet_id, **POINT)).debit
        left = await available(rpc, wallet_id)
        assert float(left) > 100_000 - sent
        call.cancel()


async def events_of(call: Any, count: int) -> AsyncGenerator[dict[str, Any], None]:
    """So many events of a stream, each checked against the one before."""
    seen = 0
    async for message in call:
        assert message.items
        assert message.next == message.items[-1].seq <= message.head
        for item in message.items:
            yield json_of(item)
            seen += 1
            if seen == count:
                call.cancel()
                return


async def seqs_of(call: Any, count: int) -> list[int]:
    """Their seqs."""
    async with contextlib.aclosing(events_of(call, count)) as events:
        return [event["seq"] async for event in events]


async def test_a_watch_tells_what_is_there_and_what_comes(alone: Alone) -> None:
    """In seq order from the seq that was named, over many pages, then each as it is written."""
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc, "5000")
        shard = 0 if (await rpc.call("ReadEvents", shard=0)).items else 1
        entries = [
            {"debit": {"wallet_id": wallet_id, "idempotency_key": f"k{number}", **POINT}}
            for number in range(500)
        ]
        await rpc.call("Batch", commands=entries)
        first = rpc.watch(shard, 17, timeout=240)
        assert await seqs_of(first, 484) == list(range(18, 502))
        second = rpc.watch(shard, 501, timeout=240)
        await second.initial_metadata()
        following = asyncio.create_task(seqs_of(second, 3))
        for _ in range(3):
            await rpc.call("Debit", wallet_id=wallet_id, **POINT)
        assert await following == [502, 503, 504]


async def test_a_slow_reader_of_the_log_holds_up_itself_alone(alone: Alone) -> None:
    """It gets everything in the end; the server holds a page for it, not the log."""
    async with Rpc(alone.port) as rpc:
        wallet_id = await funded(rpc, "100000")
        shard = 0 if (await rpc.call("ReadEvents", shard=0)).items else 1
        entries = [
            {"debit": {"wallet_id": wallet_id, "idempotency_key": f"k{number}", **POINT}}
            for number in range(5_000)
        ]
        await rpc.call("Batch", commands=entries)
        slow = rpc.watch(shard, timeout=240)
        await slow.initial_metadata()
        assert (await rpc.call("Debit", wallet_id=wallet_id, **POINT)).debit
        assert await seqs_of(slow, 5_002) == list(range(1, 5_003))


async def test_a_place_that_cannot_be_is_refused(rpc: Rpc) -> None:
    """A shard that there is not, a seq below 0 or beyond any."""
    for shard, after_seq in ((99, 0), (0, -1), (0, SEQ_MAX + 1)):
        await refused(rpc.watch(shard, after_seq).read(), "INVALID_ARGUMENT", "MALFORMED")


class Follower:
    """Follows a shard as a client should: again from the last seq whenever a stream ends."""

    def __init__(self, shard: int) -> None:
        self.shard = shard
        self.seqs: list[int] = []
        self.ends: list[str] = []
        self.port = 0

    async def follow(self) -> None:
        """For ever."""
        while True:
            async with Rpc(self.port) as rpc:
                after_seq = self.seqs[-1] if self.seqs else 0
                try:
                    async for message in rpc.watch(self.shard, after_seq):
                        self.seqs += [item.seq for item in message.items]
                except grpc.aio.AioRpcError as ended:
                    self.ends.append(ended.code().name)
            await asyncio.sleep(0.05)


async def write_on(port: int, count: int) -> None:
    """Claims on many wallets, one after the other."""
    async with Rpc(port) as rpc:
        for _ in range(count):
            await rpc.call("ClaimDailyGrant", wallet_id=new_wallet_id())


async def caught_up(database: Database, followers: list[Follower]) -> list[int]:
    """The heads of the shards, once all that is in the log was told."""
    async with connected(database.owner_url) as owner:
        heads = [row["seq"] for row in await owner.fetch("SELECT seq FROM shards ORDER BY shard")]
    await until(lambda: [len(follower.seqs) for follower in followers] == heads)
    return heads


@contextlib.asynccontextmanager
async def following(port: int) -> AsyncIterator[list[Follower]]:
    """Followers of both shards."""
    followers = [Follower(shard) for shard in (0, 1)]
    for follower in followers:
        follower.port = port
    tasks = [asyncio.create_task(follower.follow()) for follower in followers]
    try:
        yield followers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def check(followers: list[Follower], heads: list[int], written: int) -> None:
    """Every event was told once and in order, through ends that said so."""
    assert sum(heads) == written
    for follower, head in zip(followers, heads, strict=True):
        assert follower.seqs == list(range(1, head + 1))
        assert follower.ends[0] == "UNAVAILABLE"


async def test_a_watch_goes_on_over_restarts_without_a_gap_or_a_double(
    alone: Alone, database: Database
) -> None:
    """Whoever comes again with the last seq it saw misses nothing and sees nothing twice."""
    async with following(alone.port) as followers:
        await write_on(alone.port, 30)
        for _ in range(2):
            alone.ledger.drain()
            await alone.server.stop()
            again = await start_alone(database.url)
            for follower in followers:
                follower.port = again.port
            await write_on(again.port, 30)
            alone.server, old, alone.ledger = again.server, alone.ledger, again.ledger
            await old.close()
        heads = await caught_up(database, followers)
    check(followers, heads, 90)


@pytest.mark.faults
async def test_a_watch_goes_on_when_its_service_was_killed(
    database: Database, tmp_path: Path
) -> None:
    """As after a restart."""
    async with (
        serving(database, tmp_path / "a") as service,
        following(service.grpc_port) as followers,
    ):
        await write_on(service.grpc_port, 40)
        await asyncio.to_thread(service.kill)
        async with serving(database, tmp_path / "b") as again:
            for follower in followers:
                follower.port = again.grpc_port
            await write_on(again.grpc_port, 40)
            heads = await caught_up(database, followers)
    check(followers, heads, 80)


async def test_streams_that_wait_are_sent_away_when_the_service_stops(alone: Alone) -> None:
    """UNAVAILABLE with a time to come again, for a watch and for a stream of commands."""
    async with Rpc(alone.port) as rpc:
        watch, call = rpc.watch(0), rpc.submit()
        await watch.initial_metadata()
        await call.initial_metadata()
        alone.ledger.drain()
        for ended in (watch.read(), call.read()):
            stopped = await refused(ended, "UNAVAILABLE", "SHUTTING_DOWN")
            assert stopped.retry_after_s == 1
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await rpc.call("ReadWallet", wallet_id="w")
        assert refusal_of(refusal.value).reason == "SHUTTING_DOWN"
