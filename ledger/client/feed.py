"""The event feed: every event of a shard, in order and without a gap, from any seq on."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from ledger.client import operations as op
from ledger.client.answers import answer_of
from ledger.client.attempts import error_of, unanswered_error
from ledger.client.errors import FeedGap
from ledger.client.fields import query_texts
from ledger.client.refusals import Refused
from ledger.client.results import Event, EventPage
from ledger.client.sending import Sender
from ledger.client.transport import Lost, NotSent, Reply, Request

_Pages = AsyncGenerator[EventPage, None]


class FeedCalls(Sender):
    """The event feed."""

    async def events_page(
        self, shard: int = 0, *, after_seq: int = 0, limit: int = 500, wait_s: int = 0
    ) -> EventPage:
        """The events after a seq, as many as there are; waits up to 30 s for the first one.

        Raises FeedGap if one is missing.
        """
        query = {"shard": shard, "after_seq": after_seq, "limit": limit, "wait_s": wait_s}
        request = Request(operation=op.READ_EVENTS, query=query_texts(query), waits_s=wait_s)
        return _checked(await self._runner.call(request), shard, after_seq)

    async def events(
        self, shard: int = 0, *, after_seq: int = 0, follow: bool = True, page_size: int = 500
    ) -> AsyncIterator[Event]:
        """The events after a seq, in order; with `follow` it waits for more, without end.

        Keep the seq of the last event that was dealt with, and begin after it next time: none is
        missed and none comes twice. It outlives lost connections and a restart of the ledger; an
        outage longer than the retry policy's deadline ends it with Unavailable. Raises FeedGap.
        """
        read = self._followed if follow else self._recorded
        async with aclosing(read(shard, after_seq, page_size)) as pages:
            async for page in pages:
                for event in page.items:
                    yield event

    async def _recorded(self, shard: int, after_seq: int, page_size: int) -> _Pages:
        """Pages up to the head."""
        while True:
            page = await self.events_page(shard, after_seq=after_seq, limit=page_size)
            yield page
            after_seq = page.next
            if after_seq >= page.head:
                return

    async def _followed(self, shard: int, after_seq: int, page_size: int) -> _Pages:
        """Pages of a stream, and of a new stream each time the last one broke."""
        request = Request(operation=op.READ_EVENTS)
        patience = self._runner.patience()
        while True:
            timeout_s, received_any = patience.begin(0), False
            failure: Exception = Lost("the ledger ended the stream")
            after_s = None
            stream = self._runner.transport.watch(shard, after_seq, page_size, timeout_s)
            try:
                async with aclosing(stream):
                    async for reply in stream:
                        if reply.status >= 300:
                            failure, after_s = error_of(request, reply), reply.retry_after_s
                            break
                        page = _checked(reply, shard, after_seq)
                        received_any, after_seq = True, page.next
                        yield page
            except (NotSent, Lost) as broken:
                failure = broken
            if isinstance(failure, Refused):
                raise failure
            if received_any:
                # It worked until now: this is another outage than the one before.
                patience = self._runner.patience()
                patience.begin(0)
            if not await patience.another(after_s):
                raise unanswered_error(
                    request, patience.attempts, failure, unknown=False
                ) from failure


def _checked(reply: Reply, shard: int, after_seq: int) -> EventPage:
    """A reply's page, whose events follow `after_seq` without a gap. Raises FeedGap."""
    page = answer_of(reply, EventPage)
    for expected, event in enumerate(page.items, after_seq + 1):
        if event.seq != expected:
            raise FeedGap(shard, expected, event.seq, reply.request_id)
    return page
