"""The event feed: every event of a shard, in order and without a gap, from any seq on."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from ledger.client import operations as op
from ledger.client.attempts import error_of, unanswered_error
from ledger.client.calls import Calls, decoded
from ledger.client.errors import FeedGap
from ledger.client.fields import query_texts
from ledger.client.refusals import Refused
from ledger.client.results_books import Event, EventPage
from ledger.client.transport import Lost, NotSent, Reply, Request

_Pages = AsyncGenerator[EventPage, None]

_POLL_S = 25
"""How long one poll waits for an event, in seconds; the ledger allows 30."""


class FeedCalls(Calls):
    """The event feed."""

    async def events_page(
        self, shard: int = 0, *, after_seq: int = 0, limit: int = 500, wait_s: int = 0
    ) -> EventPage:
        """The events after a seq, as many as there are; waits up to 30 s for the first one.

        Raises FeedGap if one is missing.
        """
        query = {"shard": shard, "after_seq": after_seq, "limit": limit, "wait_s": wait_s}
        request = Request(
            operation=op.READ_EVENTS,
            query=query_texts(query),
            waits_s=wait_s,
        )
        return _checked((await self._runner.call(request)).body, shard, after_seq)

    async def events(
        self, shard: int = 0, *, after_seq: int = 0, follow: bool = True, page_size: int = 500
    ) -> AsyncIterator[Event]:
        """The events after a seq, in order; with `follow` it waits for more, without end.

        Keep the seq of the last event that was dealt with, and begin after it next time: none is
        missed and none comes twice. It outlives lost connections; an outage longer than the retry
        policy's deadline ends it with Unavailable. Raises FeedGap.
        """
        stream = self._runner.transport.watch(shard, after_seq) if follow else None
        if stream is None:
            pages = self._polled(shard, after_seq, page_size, follow=follow)
        else:
            pages = self._streamed(shard, after_seq, stream)
        async with aclosing(pages):
            async for page in pages:
                for event in page.items:
                    yield event

    async def _polled(self, shard: int, after_seq: int, page_size: int, *, follow: bool) -> _Pages:
        """Pages by one long poll after the other."""
        wait_s = _POLL_S if follow else 0
        while True:
            page = await self.events_page(
                shard, after_seq=after_seq, limit=page_size, wait_s=wait_s
            )
            yield page
            after_seq = page.next
            if not follow and after_seq >= page.head:
                return

    async def _streamed(
        self, shard: int, after_seq: int, stream: AsyncGenerator[Reply, None] | None
    ) -> _Pages:
        """Pages of `stream`, and of a new stream each time the last one broke."""
        request = Request(operation=op.READ_EVENTS)
        retries = self._runner.retries()
        retries.begin(0)
        while stream is not None:
            received_any, after_s = False, None
            failure: Exception = Lost("the ledger ended the stream")
            try:
                async with aclosing(stream):
                    async for reply in stream:
                        if reply.status >= 300:
                            failure, after_s = error_of(request, reply), reply.retry_after_s
                            break
                        page = _checked(reply.body, shard, after_seq)
                        received_any, after_seq = True, page.next
                        yield page
            except (NotSent, Lost) as broken:
                failure = broken
            if isinstance(failure, Refused):
                raise failure
            if received_any:
                # It worked until now: this is another outage than the one before.
                retries = self._runner.retries()
                retries.begin(0)
            if not await retries.another(after_s):
                raise unanswered_error(
                    request, retries.attempts, failure, unknown=False
                ) from failure
            retries.begin(0)
            stream = self._runner.transport.watch(shard, after_seq)


def _checked(body: Any, shard: int, after_seq: int) -> EventPage:  # noqa: ANN401 - JSON
    """The page of a body, whose events follow `after_seq` without a gap. Raises FeedGap."""
    page = decoded(body, EventPage)
    for expected, event in enumerate(page.items, after_seq + 1):
        if event.seq != expected:
            raise FeedGap(shard, expected, event.seq)
    return page
