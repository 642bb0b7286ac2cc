"""The event feed: every event once, in order, by long poll, through restarts, at no one's cost."""

import asyncio
import json
import signal
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from ledger.core.chain import Record, leaf_hash, merkle_root
from ledger.core.chart import ACCOUNTS
from ledger.core.instants import date_to_day, to_instant
from ledger.engine.lane import shard_of
from tests.kit.databases import Database
from tests.kit.http_calls import funded, new_wallet, post, problem
from tests.kit.serving import Client, Served, client_of, serving
from tests.kit.waiting import until

EVENTS = "/v1/events"


def shard_holding(wallet: str) -> int:
    """The shard of a wallet's path."""
    return shard_of(wallet.rsplit("/", 1)[1], 2)


async def feed(http: Client, **query: int) -> dict[str, Any]:
    """A page of the feed."""
    answer = await http.get(EVENTS, params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def head_of(http: Client, shard: int) -> int:
    """A shard's last seq."""
    head: int = (await feed(http, shard=shard, after_seq=10**17))["head"]
    return head


async def test_an_event_is_told_as_it_stands_in_the_log(http: Client, served: Served) -> None:
    """Every part of it; the payload is the very text that was hashed."""
    wallet = new_wallet()
    shard = shard_holding(wallet)
    before = await head_of(http, shard)
    await post(http, f"{wallet}/daily-grant", {})
    answer = await http.get(EVENTS, params={"shard": shard, "after_seq": before})
    page = answer.json()
    (item,) = page["items"]
    assert (page["next"], page["head"]) == (before + 1, before + 1)
    connection = await asyncpg.connect(served.database_url)
    await connection.execute("SET ROLE ledger_service")
    stored = await connection.fetchrow(
        "SELECT * FROM events WHERE shard = $1 AND seq = $2", shard, before + 1
    )
    await connection.close()
    assert stored is not None
    assert f'"payload":{stored["payload"]},' in answer.text
    assert item | {"payload": {}, "occurred_at": "", "recorded_at": ""} == {
        "shard": shard,
        "seq": before + 1,
        "wallet_id": wallet.rsplit("/", 1)[1],
        "type": "daily_granted_v1",
        "occurred_at": "",
        "recorded_at": "",
        "day": stored["day"].isoformat(),
        "caller": "dev",
        "payload": {},
        "legs": [
            {
                "account": "points:issued:daily",
                "code": "9001.03",
                "currency": "INSPIRATION",
                "amount": "66.00",
            },
            {
                "account": "points:available:daily",
                "code": "9002.03",
                "currency": "INSPIRATION",
                "amount": "-66.00",
            },
        ],
    }
    for name in ("occurred_at", "recorded_at"):
        assert datetime.fromisoformat(item[name]) == stored[name]


async def test_what_fell_due_by_itself_has_no_caller(http: Client) -> None:
    """Its own time, and its own place before the command that came upon it."""
    wallet = new_wallet()
    shard = shard_holding(wallet)
    await post(http, f"{wallet}/daily-grant", {})
    before = await head_of(http, shard)
    await http.post("/v1/dev/clock", json={"advance_s": 2 * 86_400})
    await post(http, f"{wallet}/daily-grant", {})
    items = (await feed(http, shard=shard, after_seq=before))["items"]
    mine = [item for item in items if item["wallet_id"] == wallet.rsplit("/", 1)[1]]
    assert [event["type"] for event in mine] == ["lot_expired_v1", "daily_granted_v1"]
    assert [event["caller"] for event in mine] == [None, "dev"]
    assert mine[0]["occurred_at"] < mine[0]["recorded_at"] == mine[1]["recorded_at"]


async def test_pages_follow_one_another_without_a_gap(http: Client) -> None:
    """Ask again with `after_seq` = `next` until `next` is `head`."""
    wallet = await funded(http)
    shard = shard_holding(wallet)
    for _ in range(10):
        await post(http, f"{wallet}/debits", {"sku": "image"})
    head = await head_of(http, shard)
    seqs: list[int] = []
    after = 0
    while after < head:
        page = await feed(http, shard=shard, after_seq=after, limit=7)
        assert 0 < len(page["items"]) <= 7
        seqs += [event["seq"] for event in page["items"]]
        after = page["next"]
    assert seqs[:head] == list(range(1, head + 1))


@pytest.mark.parametrize(
    "query",
    [
        *("shard=2", "shard=-1", "shard=256", "shard=x", "shard=", "after_seq=-1", "after_seq=1.0"),
        *("after_seq=x", "after_seq=1000000000000000000", f"after_seq={'9' * 400}", "limit=0"),
        *("limit=1001", "limit=-1", "limit=x", "wait_s=31", "wait_s=-1", "wait_s=0.5", "wait_s=x"),
        *("x=1", "after=x", "shard=0&shard=0", "%ff", "after_seq=%00", "after_seq=１"),
    ],
)
async def test_a_wrong_query_is_malformed(http: Client, query: str) -> None:
    """Out of range, no whole numbers, unknown, given twice."""
    problem(await http.get(f"{EVENTS}?{query}"), 400, "malformed")


async def test_a_shard_that_is_not_there_is_told_how_many_there_are(http: Client) -> None:
    """Chosen at init, for life."""
    refusal = problem(await http.get(f"{EVENTS}?shard=7"), 400, "malformed")
    assert (refusal["field"], refusal["shards"]) == ("shard", 2)
    assert "0 to 1" in refusal["detail"]


async def test_beyond_the_head_there_is_nothing_and_the_head_is_told(http: Client) -> None:
    """A follower that is ahead, after a restore say, sees where the log ends."""
    head = await head_of(http, 0)
    for after in (head, head + 5, 10**18 - 1):
        page = await feed(http, after_seq=after)
        assert page == {"items": [], "next": after, "head": head}


async def test_a_wait_ends_with_the_first_event_or_when_it_is_over(http: Client) -> None:
    """As soon as there is one; else empty, and not before its time."""
    wallet = new_wallet()
    shard = shard_holding(wallet)
    head = await head_of(http, shard)
    started = time.monotonic()
    assert (await feed(http, shard=shard, after_seq=head, wait_s=1))["items"] == []
    assert time.monotonic() - started >= 0.95
    waiting = asyncio.create_task(feed(http, shard=shard, after_seq=head, wait_s=30))
    await _until_waiting(http, 1)
    assert not waiting.done()
    await post(http, f"{wallet}/daily-grant", {})
    # Had the wait to be over first, the client would have given up.
    (item,) = (await waiting)["items"]
    assert item["seq"] == head + 1
    assert (await feed(http, shard=shard, after_seq=head, wait_s=30))["items"] == [item]


async def _waiting(http: Client) -> float:
    text = (await http.get("/metrics")).text
    return sum(
        float(line.split()[-1])
        for line in text.splitlines()
        if line.startswith("ledger_feed_waiting")
    )


async def _until_waiting(http: Client, count: int) -> None:
    async def waiting() -> bool:
        return await _waiting(http) == count

    await until(waiting)


async def test_a_caller_that_goes_away_waits_no_more(http: Client, served: Served) -> None:
    """Its place is free at once, though it had wished to wait for long."""
    async with client_of(served) as other:
        polls = [asyncio.create_task(feed(other, after_seq=10**17, wait_s=30)) for _ in range(5)]
        await _until_waiting(http, 5)
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)
        await _until_waiting(http, 0)


@pytest.mark.parametrize(
    "sign", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.faults)]
)
async def test_a_service_that_stops_sends_those_away_who_wait(
    database: Database, tmp_path: Path, sign: signal.Signals
) -> None:
    """503 at once; nobody's wait keeps a service from stopping."""
    async with serving(database, tmp_path) as service, client_of(service) as client:
        polls = [
            asyncio.create_task(client.get(f"{EVENTS}?shard={shard}&wait_s=30"))
            for shard in (0, 1, 0)
        ]
        await _until_waiting(client, 3)
        await asyncio.to_thread(service.stop, sign)
        for poll in polls:
            problem(await poll, 503, "shutting-down")


class Follower:
    """Follows a shard by long poll from one service, and from the next where that one ends."""

    def __init__(self, shard: int) -> None:
        self.shard = shard
        self.items: list[dict[str, Any]] = []
        self.service: Served | None = None
        self.done = False

    async def follow(self) -> None:
        """Until told that all is done; a service that is gone is asked again."""
        after = 0
        while True:
            try:
                assert self.service is not None
                async with client_of(self.service) as client:
                    while True:
                        query = {"shard": self.shard, "after_seq": after, "limit": 17, "wait_s": 1}
                        answer = await client.get(EVENTS, params=query)
                        if answer.status_code != 200:
                            break
                        page = answer.json()
                        self.items += page["items"]
                        after = page["next"]
                        if self.done and after == page["head"]:
                            return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.05)


async def _write(service: Served, name: str, count: int) -> None:
    async with client_of(service) as client:
        for number in range(count):
            wallet = f"/v1/wallets/{name}-{number % 7}"
            await post(client, f"{wallet}/daily-grant", {}, key=f"{number}")
            await post(client, f"{wallet}/debits", {"sku": "image"}, key=f"d{number}")


@pytest.mark.faults
async def test_every_event_is_told_once_and_in_order_through_restarts(
    database: Database, tmp_path: Path
) -> None:
    """Several services write; a follower changes from one that is killed to another.

    Nothing is missed, told twice or out of order, and what was told makes the hashes of the log.
    """
    async with (
        serving(database, tmp_path / "a", LEDGER_WORKERS="2") as writing,
        serving(database, tmp_path / "b") as reading,
    ):
        followers = [Follower(0), Follower(1)]
        for follower in followers:
            follower.service = reading
        following = [asyncio.create_task(follower.follow()) for follower in followers]
        writers = [
            asyncio.create_task(_write(writing, "one", 60)),
            asyncio.create_task(_write(writing, "two", 60)),
        ]
        await until(lambda: all(len(follower.items) > 10 for follower in followers))
        await asyncio.to_thread(reading.kill)
        async with serving(database, tmp_path / "c") as again:
            for follower in followers:
                follower.service = again
            writers.append(asyncio.create_task(_write(again, "three", 30)))
            await asyncio.gather(*writers)
            for follower in followers:
                follower.done = True
            await asyncio.gather(*following)
    await _check_against_the_log(database, followers)


async def _check_against_the_log(database: Database, followers: list[Follower]) -> None:
    connection = await asyncpg.connect(database.owner_url)
    for follower in followers:
        head = await connection.fetchval("SELECT seq FROM shards WHERE shard = $1", follower.shard)
        assert [item["seq"] for item in follower.items] == list(range(1, head + 1))
        assert head > 50
        kept = {
            row["seq"]: row
            for row in await connection.fetch(
                "SELECT seq, key_hash, command FROM events WHERE shard = $1", follower.shard
            )
        }
        leaves = [leaf_hash(_record(item, kept[item["seq"]])) for item in follower.items]
        for block in await connection.fetch(
            "SELECT * FROM blocks WHERE shard = $1", follower.shard
        ):
            some = leaves[block["first_seq"] - 1 : block["last_seq"]]
            assert merkle_root(some) == block["root"]
    await connection.close()


def _record(item: dict[str, Any], kept: Any) -> Record:
    numbers = {account.path: number for number, account in ACCOUNTS.items()}
    currencies = {"CNY": 156, "INSPIRATION": 1001, "KUAIBI": 1002}
    return Record(
        shard=item["shard"],
        seq=item["seq"],
        wallet_id=item["wallet_id"],
        tag=item["type"],
        occurred_at=to_instant(datetime.fromisoformat(item["occurred_at"])),
        recorded_at=to_instant(datetime.fromisoformat(item["recorded_at"])),
        day=date_to_day(date.fromisoformat(item["day"])),
        caller=item["caller"] or "",
        key_hash=kept["key_hash"],
        command=kept["command"].encode(),
        payload=json.dumps(item["payload"], ensure_ascii=False, separators=(",", ":")).encode(),
        legs=tuple(
            (
                numbers[leg["account"]],
                currencies[leg["currency"]],
                int(leg["amount"].replace(".", "")),
            )
            for leg in item["legs"]
        ),
    )
