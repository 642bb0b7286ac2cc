"""How the calls of all areas are sent: a request, its key, and the type of its result."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import msgspec

from ledger.client.attempts import CallRunner
from ledger.client.errors import OutcomeUnknown, UnexpectedAnswer
from ledger.client.fields import checked_key, new_key, query_texts
from ledger.client.results import Page
from ledger.client.transport import Operation, Request

T = TypeVar("T")


class Calls:
    """The calls of one area; `LedgerClient` has those of all."""

    def __init__(self, runner: CallRunner) -> None:
        self._runner = runner

    def finish(self, work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        """Run something to its end even if the task that waits for it is cancelled."""
        return self._runner.finish(work)

    async def _read(
        self,
        result: type[T],
        operation: Operation,
        query: Mapping[str, object] | None = None,
        **parameters: str,
    ) -> T:
        """Read something; parameters of `query` that are None are left out."""
        request = Request(operation=operation, parameters=parameters, query=query_texts(query))
        reply = await self._runner.call(request)
        return decoded(reply.body, result)

    async def _change(
        self,
        result: type[T],
        operation: Operation,
        body: Mapping[str, Any],
        key: str | None,
        **parameters: str,
    ) -> T:
        """Change something under `key`, or under a new key that all attempts share."""
        request = Request(
            operation=operation,
            parameters=parameters,
            body=body,
            key=keyed(key) if operation.keyed else None,
        )
        return await self._sent(request, lambda body: decoded(body, result))

    async def _sent(self, request: Request, decode: Callable[[Any], T]) -> T:
        """Send a change; OutcomeUnknown takes `decode` along, for `client.resolve`."""
        try:
            reply = await self._runner.call(request)
        except OutcomeUnknown as unknown:
            unknown.decode = decode
            raise
        return decode(reply.body)


def keyed(key: str | None) -> str:
    """The caller's key, or a new one."""
    return new_key() if key is None else checked_key(key)


def decoded(body: Any, result: type[T]) -> T:  # noqa: ANN401 - JSON, whatever it says
    """An answer's body as its result type. Raises UnexpectedAnswer where it has another shape."""
    try:
        return msgspec.convert(body, result)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(
            f"The answer is no {getattr(result, '__name__', result)} as this client knows it: "
            f"{error}. It was carried out; a newer client may understand it."
        ) from error


async def each(read: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Every item of a list, page after page; `read` takes the cursor to go on after."""
    after: str | None = None
    while True:
        page = await read(after)
        for item in page.items:
            yield item
        after = page.next
        if after is None:
            return
