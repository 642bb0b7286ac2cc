"""The synchronous client: the same calls on an event loop of its own, in a thread of its own."""

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from decimal import Decimal
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from ledger.client.client import LedgerClient
from ledger.client.errors import LedgerError
from ledger.client.fields import Amount
from ledger.client.holding import HoldScope
from ledger.client.results import Capture, Hold
from ledger.client.retries import RetryBudget, RetryPolicy
from ledger.client.transport import Transport

P = ParamSpec("P")
T = TypeVar("T")

_END: Final[Any] = object()


class _LoopThread:
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


def _blocking(
    method: Callable[Concatenate[LedgerClient, P], Awaitable[T]],
) -> "Callable[Concatenate[SyncLedgerClient, P], T]":
    """A method of the client, waited for; with its own arguments, result and documentation."""

    @wraps(method)
    def wait(self: "SyncLedgerClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        async def work() -> T:
            return await method(self.client, *args, **kwargs)

        return self.loop.wait(work())

    return wait


def _blocking_iterator(
    method: Callable[Concatenate[LedgerClient, P], AsyncIterator[T]],
) -> "Callable[Concatenate[SyncLedgerClient, P], Iterator[T]]":
    """An iterator of the client, waited for item by item."""

    @wraps(method)
    def iterate(self: "SyncLedgerClient", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        items = method(self.client, *args, **kwargs)

        async def following() -> T:
            return await anext(items, _END)

        while (item := self.loop.wait(following())) is not _END:
            yield item

    return iterate


class SyncHoldScope:
    """`HoldScope` for a plain `with` block; see there."""

    def __init__(self, scope: HoldScope, loop: _LoopThread) -> None:
        self._scope, self._loop = scope, loop

    @property
    def hold(self) -> Hold:
        """The hold as it was authorized, or last extended."""
        return self._scope.hold

    @property
    def hold_id(self) -> str:
        """The hold's id."""
        return self._scope.hold_id

    @property
    def amount(self) -> Decimal:
        """What is held."""
        return self._scope.amount

    @property
    def charge(self) -> Capture | None:
        """What was captured; None as long as nothing is."""
        return self._scope.charge

    @property
    def capture_amount(self) -> Amount | None:
        """What is to be captured at the end; None is all of it."""
        return self._scope.capture_amount

    @capture_amount.setter
    def capture_amount(self, amount: Amount | None) -> None:
        """Say it as soon as it is known. Raises ValueError for nothing, or more than is held."""
        self._scope.capture_amount = amount

    def capture(self, amount: Amount | None = None) -> Capture:
        """Capture now, `amount` or all of it; the end of the block does nothing more."""
        return self._loop.wait(self._scope.capture(amount))

    def void(self) -> Hold:
        """Give it back now; the end of the block does nothing more."""
        return self._loop.wait(self._scope.void())

    def extend(self, expires_in_s: int) -> Hold:
        """Let it expire so many seconds from now instead."""
        return self._loop.wait(self._scope.extend(expires_in_s))

    def __enter__(self) -> Self:
        self._loop.wait(self._scope.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.wait(self._scope.__aexit__(kind, error, trace))


def _blocking_hold(
    method: Callable[Concatenate[LedgerClient, P], HoldScope],
) -> "Callable[Concatenate[SyncLedgerClient, P], SyncHoldScope]":
    @wraps(method)
    def hold(self: "SyncLedgerClient", /, *args: P.args, **kwargs: P.kwargs) -> SyncHoldScope:
        return SyncHoldScope(method(self.client, *args, **kwargs), self.loop)

    return hold


class SyncLedgerClient:
    """`LedgerClient` for code without asyncio: the same calls, results and errors, waited for.

    Any number of threads may share one; each call blocks its own thread only. A process that forks
    (gunicorn with preloading, multiprocessing) must not have used it before: its thread and its
    connections stay with the parent, and a child that tries gets a RuntimeError. Within a running
    event loop use `LedgerClient`: this one would block the loop. Close it with `with` or `close`.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        budget: RetryBudget | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.client = LedgerClient(url, key, retry=retry, budget=budget, transport=transport)
        self.loop = _LoopThread()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for unfinished captures and voids, then close; calls of other threads are lost."""
        self.loop.close(self.client.aclose)

    request = _blocking(LedgerClient.request)
    resolve = _blocking(LedgerClient.resolve)

    wallet = _blocking(LedgerClient.wallet)
    lots = _blocking(LedgerClient.lots)
    entries = _blocking_iterator(LedgerClient.entries)
    entries_page = _blocking(LedgerClient.entries_page)
    daily_grant = _blocking(LedgerClient.daily_grant)
    grant = _blocking(LedgerClient.grant)
    convert = _blocking(LedgerClient.convert)
    transfer = _blocking(LedgerClient.transfer)
    read_transfer = _blocking(LedgerClient.read_transfer)

    quote = _blocking(LedgerClient.quote)
    hold = _blocking_hold(LedgerClient.hold)
    authorize = _blocking(LedgerClient.authorize)
    read_hold = _blocking(LedgerClient.read_hold)
    open_holds = _blocking_iterator(LedgerClient.open_holds)
    capture = _blocking(LedgerClient.capture)
    void = _blocking(LedgerClient.void)
    extend = _blocking(LedgerClient.extend)
    debit = _blocking(LedgerClient.debit)
    charge = _blocking(LedgerClient.charge)
    refund_charge = _blocking(LedgerClient.refund_charge)
    batch = _blocking(LedgerClient.batch)

    catalogue = _blocking(LedgerClient.catalogue)
    open_recharge = _blocking(LedgerClient.open_recharge)
    open_membership = _blocking(LedgerClient.open_membership)
    order = _blocking(LedgerClient.order)
    orders = _blocking_iterator(LedgerClient.orders)
    close_order = _blocking(LedgerClient.close_order)
    refund_order = _blocking(LedgerClient.refund_order)
    order_refund = _blocking(LedgerClient.order_refund)
    cancel_membership = _blocking(LedgerClient.cancel_membership)

    events = _blocking_iterator(LedgerClient.events)
    events_page = _blocking(LedgerClient.events_page)
    trial_balance = _blocking(LedgerClient.trial_balance)

    freeze = _blocking(LedgerClient.freeze)
    unfreeze = _blocking(LedgerClient.unfreeze)
    set_limit = _blocking(LedgerClient.set_limit)
    close_wallet = _blocking(LedgerClient.close_wallet)
    erase = _blocking(LedgerClient.erase)
    pay_out = _blocking(LedgerClient.pay_out)
    switches = _blocking(LedgerClient.switches)
    throw_switch = _blocking(LedgerClient.throw_switch)
