"""How every call is sent: a request, its key, and the type of its result."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from copy import copy
from typing import Any, Self, TypeVar

from ledger.client.answers import Page, Rows, answer_of, from_reply, rows_of
from ledger.client.attempts import CallRunner
from ledger.client.errors import OutcomeUnknown
from ledger.client.fields import checked_key, new_key, query_texts
from ledger.client.transport import Operation, Reply, Request

T = TypeVar("T")


class Sender:
    """Sends calls over one transport; `LedgerClient` has a method for each."""

    def __init__(self, runner: CallRunner) -> None:
        self._runner = runner

    def _with_runner(self, runner: CallRunner) -> Self:
        sender = copy(self)
        sender._runner = runner  # noqa: SLF001 - its own copy
        return sender

    def finish(self, work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        """Run something to its end even if the task that waits for it is cancelled."""
        return self._runner.finish(work)

    async def _call(
        self,
        operation: Operation,
        result: type[T],
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        **parameters: str,
    ) -> T:
        """Make a call; one that takes a key is sent under `key`, or under a new one."""
        request = Request(
            operation=operation,
            parameters=parameters,
            query=query_texts(query),
            body=body,
            key=keyed(key) if operation.keyed else None,
        )
        return await self._sent(request, lambda reply: answer_of(reply, result))

    async def _rows(
        self,
        operation: Operation,
        item: type[T],
        *,
        query: Mapping[str, object] | None = None,
        **parameters: str,
    ) -> Rows[T]:
        """Read a list that has no pages."""
        request = Request(operation=operation, parameters=parameters, query=query_texts(query))
        return await self._sent(request, lambda reply: rows_of(reply, item))

    async def _sent(self, request: Request, decode: Callable[[Reply], T]) -> T:
        """Send a call; OutcomeUnknown takes `decode` along, for `client.resolve`."""
        try:
            reply = await self._runner.call(request)
        except OutcomeUnknown as unknown:
            unknown.decode = decode
            raise
        return decode(reply)


def keyed(key: str | None) -> str:
    """The caller's key, or a new one."""
    return new_key() if key is None else checked_key(key)


async def each(read: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncGenerator[T, None]:
    """Every item of a list, page after page; `read` takes the cursor to go on after."""
    after: str | None = None
    while True:
        page = await read(after)
        for item in page.items:
            yield item
        after = page.next
        if after is None:
            return


async def gathered(read: Callable[[str | None], Awaitable[Page[T]]]) -> Rows[T]:
    """All items of a list at once; it is known by the reply that brought its last page."""
    items: list[T] = []
    after: str | None = None
    while True:
        page = await read(after)
        items += page.items
        after = page.next
        if after is None:
            return from_reply(Rows(items), vars(page)["reply"])
