"""The synchronous client: the same calls on an event loop of its own, in a thread of its own."""

from collections.abc import Callable
from copy import copy
from decimal import Decimal
from functools import wraps
from types import TracebackType
from typing import Concatenate, ParamSpec, Self

from ledger.client.blocking import LoopThread, blocking, blocking_iterator
from ledger.client.client import LedgerClient
from ledger.client.fields import Amount
from ledger.client.holding import HoldScope
from ledger.client.results import Capture, Hold
from ledger.client.retries import RetryBudget, RetryPolicy
from ledger.client.sync_calls import SyncContractCalls
from ledger.client.transport import Transport

P = ParamSpec("P")


class SyncHoldScope:
    """`HoldScope` for a plain `with` block; see there."""

    def __init__(self, scope: HoldScope, loop: LoopThread) -> None:
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


class SyncLedgerClient(SyncContractCalls):
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
        self.client: LedgerClient = LedgerClient(
            url, key, retry=retry, budget=budget, transport=transport
        )
        self.loop = LoopThread()

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

    def with_options(
        self, *, timeout_s: float | None = None, retry: RetryPolicy | None = None
    ) -> Self:
        """The same client with other limits; see `LedgerClient.with_options`."""
        client = copy(self)
        client.client = self.client.with_options(timeout_s=timeout_s, retry=retry)
        return client

    hold = _blocking_hold(LedgerClient.hold)
    request = blocking(LedgerClient.request)
    resolve = blocking(LedgerClient.resolve)
    batch = blocking(LedgerClient.batch)
    events = blocking_iterator(LedgerClient.events)
    events_page = blocking(LedgerClient.events_page)
