"""The directory: everything the log names is found, whatever happens to whoever follows it."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.catalog import load_catalogue
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, HoldCaptured
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened
from ledger.core.flows.order_refund import OrderRefundRequested, RefundOrder
from ledger.core.instants import DAY_US, HOUR_US
from ledger.engine.lane import shard_of
from ledger.jobs import JOBS, running
from ledger.jobs.directory import DIRECTORY
from ledger.jobs.runner import run_once
from ledger.queries import directory as engine_directory
from ledger.service import Ledger
from ledger.store import directory
from ledger.store.directory import Found
from ledger.store.pool import connect_service
from ledger.store.sql import statement
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, plan_of, until_somebody_waits
from tests.kit.serving import opened
from tests.kit.steps import give
from tests.kit.stories.imagination import MOODS, Imagination
from tests.kit.stories.stories import CALLERS, WALLETS, seeded_steps
from tests.kit.waiting import until

Rows = dict[tuple[int, str, str, str], int]
"""seq by (shard, name, kind, wallet)."""

KINDS = {
    "hold_id": "hold",
    "lot_id": "lot",
    "payment_id": "payment",
    "reference": "reference",
    "reversal_id": "payment",
    "transfer_id": "transfer",
}


async def tell_a_story(ledger: Ledger, seed: int, count: int) -> None:
    """Random commands on a few wallets, of every mood in turn, with a jump of the clock each."""
    terms = load_catalogue().at(0)
    for turn, mood in enumerate(MOODS):
        imagination = Imagination(terms, WALLETS, mood=mood)
        for number, step in enumerate(seeded_steps(seed * 100 + turn, count)):
            wallet_id = WALLETS[step.wallet]
            view = await ledger.wallets.read(wallet_id)
            order = imagination.command(step, view.wallet, view.as_of)
            done = await ledger.submit(CALLERS[step.caller], f"{mood} {number}", order)
            imagination.learn(wallet_id, done.outcome)
        await ledger.clock.advance(31 * DAY_US + HOUR_US)
        assert [count async for count in run_once(ledger, JOBS[0])]


async def upgrade(ledger: Ledger) -> None:
    """A wallet whose membership was upgraded: its later grants make two lots each."""
    for plan in ("gold", "platinum"):
        command = OpenMembership("up", plan, "year", "sandbox")
        done = await ledger.submit("test", plan, command)
        assert isinstance(done.outcome, OrderOpened)
        await ledger.sandbox.pay(done.outcome.order.order_id)


def mentions(value: Any, under: str = "") -> Iterator[tuple[str, str]]:
    """Every id in an event's JSON that somebody may know: (kind, name)."""
    match value:
        case dict():
            for key, part in value.items():
                yield from mentions(part, key)
        case list():
            for part in value:
                yield from mentions(part, under)
        case str() if under in KINDS:
            yield KINDS[under], value
        case _:
            pass


async def naive_rows(owner: Any) -> Rows:
    """What the directory must be: of whatever an event mentions, where it is mentioned first."""
    rows: Rows = {}
    for row in await owner.fetch("SELECT * FROM events ORDER BY shard, seq"):
        event = json.loads(row["payload"])
        named = list(mentions(event))
        if row["tag"] == "opening_imported_v1":
            parts = event["lots"] + event["claims"]
            named += [("order", part["order_id"]) for part in parts if "order_id" in part]
        for kind, name in named:
            rows.setdefault((row["shard"], name, kind, row["wallet"]), row["seq"])
    return rows


async def rows_of(owner: Any) -> Rows:
    """What it is."""
    rows = await owner.fetch("SELECT * FROM directory")
    return {(row["shard"], row["name"], row["kind"], row["wallet"]): row["seq"] for row in rows}


async def follow(ledger: Ledger) -> int:
    """Follow every shard to its end; how many events that were."""
    return sum([count async for count in run_once(ledger, DIRECTORY)])


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few events a page, so that there are many."""
    monkeypatch.setattr(engine_directory, "PAGE_MAX", 7)


@pytest.mark.usefixtures("small_pages")
async def test_whatever_an_event_mentions_is_in_the_directory_where_it_is_mentioned_first(
    ledger: Ledger, owner: Any
) -> None:
    """Ids, channels' numbers and references: as a naive reader of the whole log lists them.

    Emptied, it is filled again just so; followed by two at once, nothing is done twice.
    """
    await upgrade(ledger)
    await tell_a_story(ledger, 1, 90)
    expected = await naive_rows(owner)
    assert {kind for _, _, kind, _ in expected} == {*KINDS.values(), "order"}
    events = await owner.fetchval("SELECT count(*) FROM events")
    assert await follow(ledger) == events
    assert await rows_of(owner) == expected
    assert await follow(ledger) == 0
    await ledger.directory.empty()
    assert await rows_of(owner) == {}
    assert sum(await asyncio.gather(*(follow(ledger) for _ in range(3)))) == events
    assert await rows_of(owner) == expected


async def charge(ledger: Ledger, count: int, name: str, wallet_id: str = "w") -> None:
    """Charge a wallet so many times, each with a reference of its own."""
    commands = [
        (f"{name}{i}", Debit(wallet_id, INSPIRATION, 1, reference=f"{name}{i}"))
        for i in range(count)
    ]
    for done in await ledger.submit_many("test", commands):
        assert isinstance(getattr(done, "outcome", None), DebitCharged), done


@pytest.mark.usefixtures("small_pages")
async def test_following_a_log_that_grows_skips_nothing(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """Two services follow while a third writes: in the end all of it is there, once."""
    for wallet_id in WALLETS:
        await give(ledger, wallet_id, 10**6)

    async def write() -> None:
        for turn in range(15):
            await asyncio.gather(
                *(charge(ledger, 9, f"{wallet}-{turn}-", wallet) for wallet in WALLETS)
            )

    async with opened(database) as other, opened(database) as third:
        writing = asyncio.create_task(write())
        while not writing.done():
            await asyncio.gather(follow(other), follow(third))
        await writing
        await follow(other)
    assert await rows_of(owner) == await naive_rows(owner)


async def test_a_page_that_is_not_committed_is_followed_again(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """Names and place move together: a crash repeats a page and never skips one."""
    await give(ledger, "w", 10**6)
    await charge(ledger, 20, "a")
    shard = shard_of("w", 2)
    assert await follow(ledger) == 21
    before = await rows_of(owner)
    await charge(ledger, 20, "b")
    connection = await connect_service(database.url)
    await connection.execute("BEGIN")
    assert await directory.fill(connection, shard, 15) == 15
    assert await directory.fill(connection, shard, 2) == 2
    await connection.close()
    assert await rows_of(owner) == before
    assert await follow(ledger) == 20
    assert await rows_of(owner) == await naive_rows(owner)


async def test_whoever_empties_it_waits_for_whoever_fills_it(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """A page on its way when the directory is emptied leaves no hole in the one that follows."""
    await give(ledger, "w", 10**6)
    await charge(ledger, 30, "a")
    shard = shard_of("w", 2)
    filling = await connect_service(database.url)
    await directory.begin(filling, shard)
    await filling.execute("BEGIN")
    assert await directory.fill(filling, shard, 20) == 20
    emptying = asyncio.create_task(ledger.directory.empty())
    await until_somebody_waits(owner)
    assert not emptying.done()
    await filling.execute("COMMIT")
    await emptying
    await filling.close()
    assert await follow(ledger) == 31
    assert await rows_of(owner) == await naive_rows(owner)


async def test_whoever_fills_it_waits_for_whoever_empties_it(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """A page that begins while the directory is being emptied is the first page."""
    await give(ledger, "w", 10**6)
    await charge(ledger, 10, "a")
    assert await follow(ledger) == 11
    await charge(ledger, 10, "b")
    emptying = await connect_service(database.url)
    async with emptying.transaction():
        await directory.empty(emptying)
        following = asyncio.create_task(follow(ledger))
        await until_somebody_waits(owner)
        assert not following.done()
    await emptying.close()
    await following
    await follow(ledger)
    assert await rows_of(owner) == await naive_rows(owner)


async def test_finding_does_not_wait_for_long_for_whoever_empties_it(
    ledger: Ledger, database: Database
) -> None:
    """Then it tells what is known, and how far that is; later it is found."""
    await give(ledger, "w", 10**6)
    await charge(ledger, 3, "a")
    await follow(ledger)
    await charge(ledger, 3, "b")
    async with ledger.reading() as connection:
        await connection.execute("SET lock_timeout = '200ms'")
    emptying = await connect_service(database.url)
    async with emptying.transaction():
        await directory.empty(emptying)
        finding = await ledger.directory.find("b2")
        place = finding.places[shard_of("w", 2)]
        assert (finding.items, place.seq, place.head) == ([], 4, 7)
        assert [item.kind for item in (await ledger.directory.find("a2")).items] == ["reference"]
    await emptying.close()
    assert [item.kind for item in (await ledger.directory.find("b2")).items] == ["reference"]


async def test_the_job_enters_what_is_new_by_itself(database: Database, owner: Any) -> None:
    """It runs with the others, under its lease; how far it is can be told."""
    async with opened(database) as ledger, running(ledger, JOBS):
        await give(ledger, "w", 10**6)
        await charge(ledger, 3, "job-")

        async def there() -> bool:
            return (shard_of("w", 2), "job-2", "reference", "w") in await rows_of(owner)

        await until(there)
        finding = await ledger.directory.find("job-2")
    assert finding.items == [Found("reference", "w", 4)]
    assert [place.shard for place in finding.places] == [0, 1]
    assert finding.places[shard_of("w", 2)].seq == finding.places[shard_of("w", 2)].head == 4


async def test_what_says_where_it_is_is_found_at_once(ledger: Ledger, owner: Any) -> None:
    """Wallets, orders, refunds and charges need no entry, and so nobody follows the log."""
    find = ledger.directory.find
    assert (await find("w")).items == []
    await give(ledger, "w", 10**6)
    assert (await find("w")).items == [Found("wallet", "w", 1)]
    debited = (await ledger.submit("test", "d", Debit("w", INSPIRATION, 1))).outcome
    await ledger.submit("test", "h", AuthorizeHold("w", INSPIRATION, 1, hold_id="job"))
    captured = (await ledger.submit("test", "c", CaptureHold("w", "job"))).outcome
    assert isinstance(debited, DebitCharged)
    assert isinstance(captured, HoldCaptured)
    assert (await find(debited.charge.charge_id)).items == [Found("charge", "w", 2)]
    assert (await find(captured.charge.charge_id)).items == [Found("charge", "w", 4)]
    order = (await ledger.submit("test", "o", OpenRecharge("w", 1002, 1_000, "sandbox"))).outcome
    assert isinstance(order, OrderOpened)
    order_id = order.order.order_id
    assert (await find(order_id)).items == [Found("order", "w", 5)]
    await ledger.sandbox.pay(order_id)
    refund = (await ledger.submit("test", "r", RefundOrder("w", order_id, "x"))).outcome
    assert isinstance(refund, OrderRefundRequested)
    (item,) = (await find(refund.refund.refund_id)).items
    assert (item.kind, item.wallet_id) == ("refund", "w")
    assert await rows_of(owner) == {}


async def test_what_is_not_known_is_looked_for_in_what_is_new(ledger: Ledger, owner: Any) -> None:
    """Whoever asks for what happened just now need not wait for the job."""
    find = ledger.directory.find
    await give(ledger, "w", 10**6)
    await ledger.submit("test", "h", AuthorizeHold("w", INSPIRATION, 1, hold_id="job"))
    order = (await ledger.submit("test", "o", OpenRecharge("w", 1002, 1_000, "sandbox"))).outcome
    assert isinstance(order, OrderOpened)
    order_id = order.order.order_id
    assert (await find("job")).items == [Found("hold", "w", 2)]
    await ledger.sandbox.pay(order_id)
    assert (await find(f"sandbox-{order_id}")).items == [Found("payment", "w", 4)]
    assert (await find(f"lot-{order_id}")).items == [Found("lot", "w", 4)]
    assert await rows_of(owner) == await naive_rows(owner)
    shard = shard_of("w", 2)
    debited = (await ledger.submit("test", "d", Debit("w", INSPIRATION, 1))).outcome
    assert isinstance(debited, DebitCharged)
    assert debited.charge.charge_id == f"ch-{shard}-5"
    for none in (f"ch-{shard}-1", f"ch-{shard}-05", f"ch-{1 - shard}-5", f"ch-{shard}-6", "ch-9-1"):
        assert (await find(none)).items == [], none


async def test_one_name_may_be_many_things_of_many_wallets(ledger: Ledger, owner: Any) -> None:
    """All are told, each once: a hold's id is unique within its wallet only. At most a hundred."""
    wallets = sorted(f"w{number}" for number in range(60))
    for wallet_id in (*wallets, "job"):
        await give(ledger, wallet_id, 10**6)
    holds = [
        ("h", AuthorizeHold(wallet, INSPIRATION, 1, hold_id="job", reference="job"))
        for wallet in (*wallets, "job")
    ]
    await ledger.submit_many("test", holds)
    await ledger.submit("test", "d", Debit("w1", INSPIRATION, 1, reference="job"))
    assert [item.kind for item in (await ledger.directory.find("job")).items] == ["wallet"]
    await follow(ledger)
    finding = await ledger.directory.find("job")
    assert (len(finding.items), finding.more) == (100, True)
    assert len(set(finding.items)) == 100
    await owner.execute("DELETE FROM directory WHERE kind = 'reference'")
    finding = await ledger.directory.find("job")
    assert not finding.more
    places = [(item.kind, item.wallet_id) for item in finding.items]
    assert sorted(places) == sorted(
        [("wallet", "job"), *(("hold", wallet) for wallet in (*wallets, "job"))]
    )


async def test_the_log_is_followed_along_its_index_from_the_place_on(database: Database) -> None:
    """A page costs what is on it, however long the log; the place is looked up by its shard."""
    text = await asyncio.to_thread(plan_of, database, "fill_directory", statement("session"))
    page = text[text.index("CTE page") : text.index("CTE telling")]
    assert re.search(r"Index Scan using events_pkey on events .*\n.*\(seq > place.seq\)", page)
    assert "Sort" not in page
    assert text.count("Index Scan using directory_progress_pkey") == 2
    assert "Seq Scan" not in text
