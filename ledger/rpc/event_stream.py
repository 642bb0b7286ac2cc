"""The WatchEvents call: streams a shard's log as it grows, until the caller leaves."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from ledger.access.callers import Caller
from ledger.contract.access import check_scope
from ledger.contract.history.feed import WAIT_MAX_S, FeedAnswer, FeedQuery
from ledger.contract.operation import Call, Operation
from ledger.contract.operations import RESPONSES
from ledger.rpc.callers import credentials_of
from ledger.rpc.edge import Context, Edge
from ledger.rpc.methods import converted, parsed, plain_of, read_strictly
from ledger.rpc.trace import Trace
from ledger.v1.codec import request_reader, writer_of
from ledger.v1.finance_pb2 import Event, WatchEventsRequest, WatchEventsResponse

PATH: Final = "/ledger.v1.FinanceService/WatchEvents"

PAGE_EVENTS: Final = 200
"""So many events are read at once, and held until the caller has taken them."""

MESSAGE_BYTES: Final = 1024 * 1024
"""A message ends with the event that makes it this large; any client takes four times as much."""

_read: Final = request_reader(WatchEventsRequest.DESCRIPTOR)
_write: Final = writer_of(Event.DESCRIPTOR)


class EventStream:
    """Streams of events, made of pages of the feed: no event is ever skipped or sent twice."""

    def __init__(self, edge: Edge, operation: Operation) -> None:
        self._edge, self._operation = edge, operation

    async def watch(self, raw: bytes, context: Context) -> None:
        """Send events until the caller leaves, or a refusal, in the context, ends it."""
        with self._edge.stream(context, PATH) as trace:
            self._edge.admit_stream()
            credentials = credentials_of(context, trace.authorization)
            caller = await credentials.caller(self._edge.ledger)
            trace.caller = caller.name
            message = parsed(WatchEventsRequest, raw, self._operation.body_max)
            trace.identify(message.request_id)
            waiting = {"limit": PAGE_EVENTS, "wait_s": WAIT_MAX_S}
            query = converted(read_strictly(_read, message) | waiting, FeedQuery)
            # Metadata first: the caller knows that its stream was accepted before any event.
            await context.send_initial_metadata((("x-request-id", trace.request_id),))
            while True:
                check_scope(caller, self._operation.scopes)
                feed = await self._page(caller, query, trace)
                for response in _messages(feed):
                    await context.write(response)
                query = replace(query, after_seq=feed.next)
                caller = await credentials.recheck(self._edge.ledger)

    async def _page(self, caller: Caller, query: FeedQuery, trace: Trace) -> FeedAnswer:
        self._edge.check_open()
        edge = self._edge
        ledger, currencies, request_id = edge.ledger, edge.currencies, trace.request_id
        call = Call(ledger, currencies, RESPONSES, caller, {}, query, None, "", request_id)
        answer = await self._operation.run(call)
        assert isinstance(answer.body, FeedAnswer)
        return answer.body


def _messages(feed: FeedAnswer) -> Iterator[bytes]:
    """The events of a page, as responses of a bounded size."""
    message, size = WatchEventsResponse(head=feed.head), 0
    for item in feed.items:
        event = Event(**_write(plain_of(item)))
        message.items.append(event)
        message.next = item.seq
        size += event.ByteSize()
        if size >= MESSAGE_BYTES:
            yield message.SerializeToString()
            message, size = WatchEventsResponse(head=feed.head), 0
    if size:
        yield message.SerializeToString()
