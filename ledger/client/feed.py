"""The event feed: every event of a shard, in order and without a gap, from any seq on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ledger.client import operations as op
from ledger.client.answers import answer_of
from ledger.client.attempts import error_of, new_request_id, unanswered_error
from ledger.client.errors import FeedGap, FeedRewound
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
    ) -> AsyncGenerator[Event, None]:
        """The events after a seq, in order; with `follow` it waits for more, without end.

        Keep the seq of the last event that was dealt with, and begin after it next time: none is
        missed and none comes twice. It outlives lost connections and a restart of the ledger; an
        outage longer than the retry policy's deadline ends it with Unavailable. Raises FeedGap for
        a missing event, FeedRewound where the log ends before `after_seq`.
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
            if after_seq >= page.head or not page.items:
                return

    async def _followed(self, shard: int, after_seq: int, page_size: int) -> _Pages:
        """Pages of a stream, and of a new stream each time the last one broke."""
        patience = self._runner.patience()
        while True:
            query = {"shard": shard, "after_seq": after_seq, "limit": page_size}
            request = Request(
                operation=op.READ_EVENTS, query=query_texts(query), request_id=new_request_id()
            )
            timeout_s, has_events = patience.begin(0), False
            failure: Exception = Lost("the ledger ended the stream")
            after_s = None
            try:
                async with aclosing(self._runner.transport.watch(request, timeout_s)) as stream:
                    async for reply in stream:
                        if reply.status >= 300:
                            failure, after_s = error_of(request, reply), reply.retry_after_s
                            break
                        page = _checked(reply, shard, after_seq)
                        has_events, after_seq = has_events or bool(page.items), page.next
                        yield page
            except (NotSent, Lost) as broken:
                failure = broken
            if isinstance(failure, Refused):
                raise failure
            if has_events or patience.has_worked:
                # This is another outage than the one before.
                patience = self._runner.patience()
                patience.begin(0)
            if not await patience.another(after_s):
                raise unanswered_error(
                    request, patience.attempts, failure, unknown=False
                ) from failure


def _checked(reply: Reply, shard: int, after_seq: int) -> EventPage:
    """A reply's page, whose events follow `after_seq` and lead to its `next` without a gap.

    Raises FeedGap, and FeedRewound where the log ends before `after_seq`.
    """
    page = answer_of(reply, EventPage)
    if page.head < after_seq:
        raise FeedRewound(shard, after_seq, page.head, reply.request_id)
    last = after_seq
    for event in page.items:
        if event.seq != last + 1:
            raise FeedGap(shard, last + 1, event.seq, reply.request_id)
        last = event.seq
    if page.next != last:
        raise FeedGap(shard, last + 1, page.next, reply.request_id)
    return page
