"""The feed: every event once and in order, over whatever way."""

import asyncio
from contextlib import aclosing

import pytest

from ledger.client import FeedGap, LedgerClient, Refused
from ledger.client.results import Event
from tests.client.conftest import follow, funded, without
from tests.kit.http_proxy import FaultyWay


async def recorded(client: LedgerClient) -> list[list[Event]]:
    """Both shards' events so far; there are some in each."""
    for _ in range(12):
        await funded(client)
    return [[event async for event in client.events(shard, follow=False)] for shard in (0, 1)]


async def test_the_feed_tells_every_event_once(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """Over small pages and lost answers: without a gap, what happened to whom."""
    for shard, events in enumerate(await recorded(client)):
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert len(events) >= 3
        way.faults.extend(["cut-after", "half", "pass", "reset"])
        late = max(len(events) - 12, 0)
        lately = far.events(shard, after_seq=late, follow=False, page_size=2)
        assert [event async for event in lately] == events[late:]
        assert all(sum(leg.amount for leg in event.legs) == 0 for event in events)


async def test_both_transports_tell_the_same_events(either: LedgerClient) -> None:
    """Field by field, also those of a stream that goes on from anywhere."""
    for shard, events in enumerate(await recorded(either)):
        async with aclosing(follow(either, shard, 1)) as following:
            assert [await anext(following) for _ in events[1:]] == events[1:]


async def test_who_follows_hears_of_what_comes(either: LedgerClient) -> None:
    """The wait ends with the next event."""
    heads = [len(events) for events in await recorded(either)]

    async def next_of(shard: int) -> Event:
        async with aclosing(follow(either, shard, heads[shard])) as following:
            return await anext(following)

    waiting = {asyncio.create_task(next_of(shard)) for shard in (0, 1)}
    wallet_id = await funded(either)
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    event = done.pop().result()
    assert (event.wallet_id, event.type) == (wallet_id, "lot_granted_v1")


@pytest.mark.parametrize("missing", [0, 1])
async def test_a_gap_is_never_passed_over(
    client: LedgerClient, far: LedgerClient, way: FaultyWay, missing: int
) -> None:
    """An event that is missing stops who follows, whichever it is."""
    await recorded(client)
    way.faults.append(without(missing))
    with pytest.raises(FeedGap) as gap:
        [event async for event in far.events(0, follow=False)]
    assert (gap.value.expected, gap.value.received) == (missing + 1, missing + 2)


async def test_a_shard_that_is_not_there_is_refused(either: LedgerClient) -> None:
    """At once."""
    with pytest.raises(Refused, match="shard"):
        await anext(aiter(either.events(200)))
