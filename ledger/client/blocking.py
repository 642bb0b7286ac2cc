"""An event loop in a thread of its own, and the methods that wait for what it does."""

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from ledger.client.errors import LedgerError

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C")

_END: Final[Any] = object()


class LoopThread:
    """An event loop that begins with the first call, and ends when it is closed.

    It does not outlive a fork: a process that was forked after the first call needs a client of its
    own, one that was forked before may use this one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._process = 0
        self._closed = False

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work on the loop, and wait for its result."""
        try:
            future = self._begin(work)
        except RuntimeError:
            work.close()
            raise
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise LedgerError(
                "The client was closed during the call: it may or may not be done."
            ) from None
        except BaseException:
            # The waiting thread was interrupted, so nobody would read the answer; else it is over.
            future.cancel()
            raise

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `last`, give up the calls of other threads, and end the thread."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
        if loop is None or thread is None or self._process != os.getpid():
            return
        self._loop = None
        asyncio.run_coroutine_threadsafe(_finish(last), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _begin(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        with self._lock:
            if self._closed:
                raise RuntimeError("The client is closed; make another one.")
            if self._loop is None:
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="ledger-client", daemon=True
                )
                self._thread.start()
            elif self._process != os.getpid():
                raise RuntimeError(
                    "The process was forked after this client's first call: its connections belong "
                    "to the parent. Make a client in each process."
                )
            return asyncio.run_coroutine_threadsafe(work, self._loop)


async def _finish(last: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `last`, then cancel all other tasks of the loop."""
    await last()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Blocking:
    """Whoever has an asynchronous client, and the loop that it belongs to."""

    client: Any
    loop: LoopThread


def blocking(
    method: Callable[Concatenate[C, P], Awaitable[T]],
) -> Callable[Concatenate[Blocking, P], T]:
    """A method of the client, waited for; with its own arguments, result and documentation."""

    @wraps(method)
    def wait(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        async def work() -> T:
            return await method(self.client, *args, **kwargs)

        return self.loop.wait(work())

    return wait


def blocking_iterator(
    method: Callable[Concatenate[C, P], AsyncIterator[T]],
) -> Callable[Concatenate[Blocking, P], Iterator[T]]:
    """An iterator of the client, waited for item by item."""

    @wraps(method)
    def iterate(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        items = method(self.client, *args, **kwargs)

        async def following() -> T:
            return await anext(items, _END)

        while (item := self.loop.wait(following())) is not _END:
            yield item

    return iterate
