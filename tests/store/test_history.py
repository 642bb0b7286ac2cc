"""History: wallets as they were, entries walked back, at a bounded cost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ledger.catalog import load_catalogue
from ledger.core.decider import evolve
from ledger.core.flows.debit import Debit
from ledger.core.flows.due import LotExpired, next_due_at
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold
from ledger.core.flows.opening import ImportOpening, OpeningLot
from ledger.core.flows.order import OpenRecharge, OrderOpened
from ledger.core.instants import DAY_US, HOUR_US
from ledger.core.wallet import Wallet
from ledger.engine import Unavailable
from ledger.queries.history import Entry, History, Moved
from ledger.queries.wallets import Wallets, WalletView, YetToComeError
from ledger.service import Ledger
from ledger.store.journal import SNAPSHOT_EVERY
from ledger.store.pool import Connection, connect_service
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.databases import Database, until_somebody_waits
from tests.kit.examples import seeds
from tests.kit.stories.imagination import Imagination
from tests.kit.stories.stories import CALLERS, WALLETS, seeded_steps
from tests.store.wallet_log import FUNDS, BatchUnderWay, Log, debit, fund, log_of


async def all_entries(history: History, wallet_id: str, limit: int) -> list[Entry]:
    """Every page, one after the other."""
    entries, place = await history.read_entries(wallet_id, None, limit)
    while place is not None:
        assert place.before_seq == entries[-1].recorded.seq
        page, place = await history.read_entries(wallet_id, place, limit)
        assert 0 < len(page) <= limit
        assert page[0].recorded.seq < entries[-1].recorded.seq
        entries += page
    return entries


def check_entries(entries: Sequence[Entry], log: Log) -> None:
    """Newest first, whole, and each available amount that of the wallet folded up to there."""
    assert [entry.recorded.seq for entry in entries] == [seq for seq, _, _ in log.events][::-1]
    wallet = Wallet(log.wallet_id)
    for entry, (_, recorded_at, event) in zip(reversed(entries), log.events, strict=True):
        before, wallet = wallet, evolve(wallet, event)
        assert (entry.recorded.event, entry.recorded.recorded_at) == (event, recorded_at)
        if (moved := entry.moved) is None:
            for currency in (INSPIRATION, KUAIBI):
                assert before.available_minor(currency) == wallet.available_minor(currency)
            continue
        after = wallet.available_minor(moved.currency)
        assert moved.available_after_minor == after, (entry, wallet)
        assert moved.change_minor == after - before.available_minor(moved.currency)
        assert moved.amount_minor >= abs(moved.change_minor)


async def tell_a_story(ledger: Ledger, seed: int, count: int) -> None:
    """Random commands on a few wallets, with jumps of the clock onto and over what falls due."""
    imagination = Imagination(load_catalogue().at(0), WALLETS)
    for number, step in enumerate(seeded_steps(seed, count)):
        wallet_id = WALLETS[step.wallet]
        view = await ledger.wallets.read(wallet_id)
        due = next_due_at(view.wallet)
        jumps = {15: due, 16: due + 1, 19: view.as_of + HOUR_US, 20: view.as_of + DAY_US}
        target = jumps.get(step.jump, 0)
        # Not by less than the clock may tick on until it is moved.
        if view.as_of + HOUR_US // 60 < target < view.as_of + 400 * DAY_US:
            await ledger.clock.move_to(target)
        order = imagination.command(step, view.wallet, view.as_of)
        done = await ledger.submit(CALLERS[step.caller], f"{number}", order)
        imagination.learn(wallet_id, done.outcome)


@pytest.mark.parametrize("seed", seeds(3))
async def test_a_wallet_is_told_as_it_was_and_its_entries_walk_back_to_nothing(
    ledger: Ledger, owner: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """At any instant the past is the fold of what was recorded by then, and its dues.

    Whatever the page, what an entry left available is what the fold up to it has.
    """
    monkeypatch.setattr("ledger.store.journal.SNAPSHOT_EVERY", 7)
    monkeypatch.setattr("ledger.store.history.CHUNK", 3)
    await tell_a_story(ledger, seed, 250)
    now = (await ledger.wallets.read(WALLETS[0])).as_of
    kept = await owner.fetchval("SELECT count(*) FROM wallet_snapshots")
    assert kept >= 3
    for wallet_id in WALLETS:
        # What is sent on between wallets may still be under way: up to `now` it has come to rest.
        await ledger.wallets.read_at(wallet_id, now)
        log = await log_of(owner, wallet_id)
        for at, wallet, seq in log.at(log.interesting(now, 25, seed)):
            view = await ledger.wallets.read_at(wallet_id, at)
            assert (view.wallet, view.seq, view.as_of) == (wallet, seq, at)
        for limit in (1, 2, 7, 1_000):
            entries = await all_entries(ledger.history, wallet_id, limit)
            check_entries(entries, (await log_of(owner, wallet_id)).up_to(entries[0].recorded.seq))


@asynccontextmanager
async def counted_reads(url: str) -> AsyncIterator[tuple[Wallets, History, Any]]:
    """Reads on one connection, and what tells how many rows they have read of a table since."""
    connection = await connect_service(url)

    @asynccontextmanager
    async def lend() -> AsyncIterator[Connection]:
        yield connection

    async def rows_read(table: str) -> int:
        count: int = await connection.fetchval(
            "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
            " FROM pg_stat_xact_user_tables WHERE relname = $1",
            table,
        )
        return count

    await connection.execute("BEGIN")
    try:
        yield Wallets(lend, 2), History(lend, 2), rows_read
    finally:
        await connection.close()


@pytest.mark.rules
async def test_the_past_of_a_long_wallet_costs_no_more_than_that_of_a_short_one(
    ledger: Ledger, owner: Any, database: Database
) -> None:
    """However many events there are, few rows are read; the answer is that of folding them all."""
    await fund(ledger)
    for turn in range(20):
        await debit(ledger, 1_500, f"t{turn}-")
        await fund(ledger, "w", (await ledger.wallets.read("w")).as_of + DAY_US)
    log = await log_of(owner, "w")
    assert len(log.events) > 30_000
    now = (await ledger.wallets.read("w")).as_of
    instants = log.interesting(now, 40, seed=1)
    async with counted_reads(database.url) as (wallets, history, rows_read):
        most = 0
        for at, wallet, seq in log.at(instants):
            before = [await rows_read(table) for table in ("events", "wallet_snapshots")]
            assert await wallets.read_at("w", at) == WalletView(wallet, seq, at)
            after = [await rows_read(table) for table in ("events", "wallet_snapshots")]
            most = max(most, after[0] - before[0])
            assert after[1] - before[1] <= 1
        # What follows a snapshot before the next one, and a chunk that is read in part for nothing.
        assert 0 < most <= SNAPSHOT_EVERY + 128
        before = [await rows_read("events")]
        entries, place = await history.read_entries("w", None, 50)
        assert place is not None
        page, _ = await history.read_entries("w", place, 50)
        assert len(entries) == len(page) == 50
        assert await rows_read("events") - before[0] == 2 * 51


async def test_a_lot_is_gone_from_its_expiry_on_whenever_that_was_recorded(
    ledger: Ledger, owner: Any
) -> None:
    """Between an expiry and its recording the past has it applied in memory, as the present had."""
    now = (await ledger.wallets.read("w")).as_of
    expires_at = now + HOUR_US
    await fund(ledger, "w", expires_at)
    await ledger.clock.move_to(expires_at + HOUR_US)
    await ledger.submit("test", "d", AuthorizeHold("w", INSPIRATION, 1))
    await ledger.submit("test", "g", Grant("w", KUAIBI, 5, "promotional", "x"))
    log = await log_of(owner, "w")
    assert [type(event) for _, _, event in log.events][1] is LotExpired
    recorded_at = log.events[1][1]
    assert recorded_at >= expires_at + HOUR_US
    for at, available, seq in (
        (expires_at - 1, FUNDS, log.events[0][0]),
        (expires_at, 0, log.events[0][0]),
        (recorded_at - 1, 0, log.events[0][0]),
        (recorded_at, 0, log.events[2][0] if log.events[2][1] == recorded_at else log.events[1][0]),
    ):
        view = await ledger.wallets.read_at("w", at)
        assert (view.wallet.available_minor(INSPIRATION), view.seq) == (available, seq)


async def test_what_is_yet_to_come_is_refused_and_before_the_first_event_there_is_nothing(
    ledger: Ledger,
) -> None:
    """The future is nobody's business; a wallet begins with its first event."""
    before = (await ledger.wallets.read("w")).as_of
    await fund(ledger)
    for at in (before, 0, -62_135_596_800_000_000):
        view = await ledger.wallets.read_at("w", at)
        assert (view.wallet, view.seq, view.as_of) == (Wallet("w"), 0, at)
    now = (await ledger.wallets.read("w")).as_of
    assert (await ledger.wallets.read_at("w", now)).seq == 1
    with pytest.raises(YetToComeError) as early:
        await ledger.wallets.read_at("w", now + HOUR_US)
    assert now < early.value.now < now + HOUR_US
    await ledger.clock.advance(HOUR_US)
    assert (await ledger.wallets.read_at("w", now + HOUR_US)).seq == 1


async def test_a_past_that_a_batch_may_still_add_to_waits_for_it(
    ledger: Ledger, under_way: BatchUnderWay, owner: Any
) -> None:
    """What was told of an instant never changes: not even by a commit that was on its way then."""
    await fund(ledger)
    recorded_at = (await ledger.history.read_entries("w", None, 1))[0][0].recorded.recorded_at
    at = await under_way.begin("w")
    early = await ledger.wallets.read_at("w", recorded_at - 1)
    assert early.seq == 0
    reading = asyncio.create_task(ledger.wallets.read_at("w", at))
    await until_somebody_waits(owner)
    assert not reading.done()
    await under_way.commit()
    view = await reading
    assert (view.seq, view.wallet.available_minor(INSPIRATION)) == (2, FUNDS - 1)


async def test_a_past_that_stays_undecided_is_busy(
    ledger: Ledger, under_way: BatchUnderWay
) -> None:
    """Whoever holds a shard for long keeps nobody waiting for ever."""
    await fund(ledger)
    at = await under_way.begin("w")
    async with ledger.reading() as connection:
        await connection.execute("SET lock_timeout = '200ms'")
    with pytest.raises(Unavailable) as away:
        await ledger.wallets.read_at("w", at)
    assert away.value.reason == "busy"


async def test_pages_do_not_change_while_more_is_recorded(ledger: Ledger, owner: Any) -> None:
    """A page is walked back from where the one before it ended, whatever came meanwhile."""
    await fund(ledger)
    await ledger.submit("test", "k", Grant("w", KUAIBI, 7_000, "compensation", "other currency"))
    await debit(ledger, 20, "a")
    whole = await all_entries(ledger.history, "w", 1_000)
    entries, place = await ledger.history.read_entries("w", None, 6)
    for turn in range(20):
        await debit(ledger, 3, f"b{turn}-")
        await ledger.submit("test", f"g{turn}", Grant("w", KUAIBI, 1, "promotional", "more"))
        if place is None:
            break
        page, place = await ledger.history.read_entries("w", place, 6)
        entries += page
    assert entries == whole
    check_entries(await all_entries(ledger.history, "w", 9), await log_of(owner, "w"))


async def test_an_event_of_two_currencies_is_told_by_its_first(ledger: Ledger, owner: Any) -> None:
    """Both are walked back, one is told: that of the first leg in points."""
    lots = (
        OpeningLot("old-1", KUAIBI, "promotional", 700, 0),
        OpeningLot("old-2", INSPIRATION, "promotional", 30, 0),
        OpeningLot("old-3", KUAIBI, "compensation", 5, 0),
    )
    await ledger.submit("test", "g", Grant("w", INSPIRATION, 11, "promotional", "before"))
    await ledger.submit("test", "i", ImportOpening("w", lots))
    await ledger.submit("test", "d", Debit("w", INSPIRATION, 41))
    for limit in (1, 2, 3):
        entries = await all_entries(ledger.history, "w", limit)
        check_entries(entries, await log_of(owner, "w"))
        assert [entry.moved for entry in entries] == [
            Moved(INSPIRATION, 41, -41, 0),
            Moved(KUAIBI, 705, 705, 705),
            Moved(INSPIRATION, 11, 11, 11),
        ]


async def test_a_reason_stands_with_its_own_event_until_it_is_erased(
    ledger: Ledger, owner: Any
) -> None:
    """Free text is kept apart from the log: once erased it is gone from history too."""
    first = Grant("w", INSPIRATION, 5, "promotional", "for Ann's birthday")
    second = Grant("w", INSPIRATION, 5, "promotional", "for Bob's")
    third = Debit("w", INSPIRATION, 1)
    await ledger.submit_many("test", [("1", first), ("2", second), ("3", third)])
    reasons = [entry.recorded.reason for entry in await all_entries(ledger.history, "w", 2)]
    assert reasons == [None, "for Bob's", "for Ann's birthday"]
    await owner.execute("DELETE FROM texts WHERE body LIKE '%Bob%'")
    reasons = [entry.recorded.reason for entry in await all_entries(ledger.history, "w", 2)]
    assert reasons == [None, None, "for Ann's birthday"]


async def test_orders_are_told_newest_first_page_by_page(ledger: Ledger) -> None:
    """Only this wallet's; one past its time reads as closed before that is recorded."""
    opened = []
    for number in range(7):
        for wallet_id in ("w", "v"):
            command = OpenRecharge(wallet_id, INSPIRATION, 1_000, "sandbox")
            done = await ledger.submit("test", f"{number}", command)
            assert isinstance(done.outcome, OrderOpened)
            if wallet_id == "w":
                opened.append(done.outcome.order.order_id)
        await asyncio.sleep(0.002)
    await ledger.sandbox.pay(opened[3])
    await ledger.clock.advance(DAY_US)
    orders, more, before = [], True, None
    while more:
        page, more = await ledger.orders.list("w", before, 3)
        orders += page
        before = page[-1].order_id
    assert [order.order_id for order in orders] == opened[::-1]
    assert [order.status for order in orders] == ["closed"] * 3 + ["paid"] + ["closed"] * 3
    assert await ledger.orders.list("nobody", None, 3) == ([], False)
