"""What surrounds every call: counting, draining, refusals, metrics and the access log."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final, TypeVar, cast

import grpc
import structlog

from ledger.contract.currencies import currencies_of
from ledger.contract.problems import (
    Problem,
    ProblemError,
    internal_error_problem,
    unavailable_problem,
)
from ledger.engine import Unavailable
from ledger.rpc.metrics import STREAMS, observe
from ledger.rpc.refusals import refuse
from ledger.rpc.trace import Trace
from ledger.service import Ledger

T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]

STREAMS_MAX: Final = 256
"""How many streams a process serves: each may hold a page of events, or 512 commands."""

QUIET_S: Final = 0.1
"""For how long no call may have come before a server that shuts down hangs up."""

_log: Final = structlog.get_logger("ledger.rpc")
_access: Final = structlog.get_logger("ledger.rpc.access")

_LATE: Final = "The deadline had passed before anything was begun: nothing was done."


class CallCount:
    """Counts the calls under way, and lets others wait until there are none."""

    def __init__(self) -> None:
        self.count = self.total = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def enter(self) -> None:
        """A call begins."""
        self.count += 1
        self.total += 1
        self.idle.clear()

    async def idle_for(self, seconds: float) -> bool:
        """Whether no call is under way after so many seconds, and none came meanwhile."""
        before = self.total
        await asyncio.sleep(seconds)
        return self.count == 0 and self.total == before

    def leave(self) -> None:
        """A call ends."""
        self.count -= 1
        if not self.count:
            self.idle.set()


class Edge:
    """The calls of one process: those under way, and whether more are let in."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.currencies = currencies_of(ledger.catalogue.currency_codes())
        self._wakers: set[asyncio.Event] = set()
        self._begun: set[asyncio.Task[Any]] = set()
        self._unary, self._streams = CallCount(), CallCount()
        self._access_log = ledger.settings.access_log

    async def to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work, which is run to its end even if its caller goes away."""
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    @contextmanager
    def call(self, context: Context, method: str, *, streams: bool = False) -> Iterator[Trace]:
        """Surround a call: count it, answer its refusal, log it. Only cancellation is raised."""
        trace = Trace(context)
        calls = self._streams if streams else self._unary
        calls.enter()
        try:
            yield trace
        except ProblemError as refused:
            self.refuse(context, trace, refused.problem)
        except Unavailable as unavailable:
            self.refuse(context, trace, unavailable_problem(unavailable))
        except Exception:  # noqa: BLE001 - a bug is answered as an internal error, and leaks nothing
            _log.exception("call failed", request_id=trace.request_id, method=method)
            self.refuse(context, trace, internal_error_problem(trace.request_id))
        finally:
            calls.leave()
            self._conclude(trace, method, streams=streams)

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return self._streams.count

    @contextmanager
    def stream(self, context: Context, method: str) -> Iterator[Trace]:
        """Surround a stream as `call` does; the first thing within is `admit_stream`."""
        with (
            STREAMS.labels(method).track_inprogress(),
            self.call(context, method, streams=True) as trace,
        ):
            yield trace

    def admit_stream(self) -> None:
        """Raises Unavailable in draining, or if too many streams are open."""
        self.check_open()
        if self._streams.count > STREAMS_MAX:
            raise Unavailable("busy")

    @contextmanager
    def woken(self, event: asyncio.Event) -> Iterator[None]:
        """Have an event set when the service shuts down, for a stream that waits for it."""
        self._wakers.add(event)
        try:
            yield
        finally:
            self._wakers.discard(event)

    def wake(self) -> None:
        """Wake all streams that wait for an event, because the service shuts down."""
        for event in self._wakers:
            event.set()

    def check_open(self) -> None:
        """Raises Unavailable once the service shuts down."""
        if self.ledger.readiness.draining:
            raise Unavailable("shutting-down")

    def refuse(
        self, context: Context, trace: Trace, problem: Problem, *, replayed: bool = False
    ) -> None:
        """Have a call end with a problem."""
        trace.code = refuse(context, problem, trace.request_id, replayed=replayed).name

    def is_late(self, context: Context, trace: Trace) -> bool:
        """Whether a call's deadline has passed, so that nothing of it may be begun."""
        left_s = cast("float | None", context.time_remaining())
        if left_s is None or left_s > 0:
            return False
        trace.code = grpc.StatusCode.DEADLINE_EXCEEDED.name
        context.set_code(grpc.StatusCode.DEADLINE_EXCEEDED)
        context.set_details(_LATE)
        return True

    async def wait_until_idle(self, unary_s: float, streams_s: float) -> None:
        """Wait for unary calls, for what cancelled ones had begun, and a while for streams."""
        try:
            async with asyncio.timeout(unary_s):
                # Calls that came in are begun one after the other: a moment without any is no end.
                while not await self._unary.idle_for(QUIET_S):
                    await self._unary.idle.wait()
                while self._begun:
                    await asyncio.wait(set(self._begun))
            async with asyncio.timeout(streams_s):
                await self._streams.idle.wait()
        except TimeoutError:
            left = {"calls": self._unary.count, "streams": self._streams.count}
            _log.warning("calls_cut_off", begun=len(self._begun), **left)

    def _conclude(self, trace: Trace, method: str, *, streams: bool) -> None:
        seconds = perf_counter() - trace.started
        observe(method, trace.code, None if streams else seconds)
        if self._access_log:
            _access.info(
                "call",
                method=method,
                code=trace.code,
                duration_ms=round(seconds * 1000, 3),
                caller=trace.caller,
                request_id=trace.request_id,
                wallet_id=trace.wallet_id,
            )
