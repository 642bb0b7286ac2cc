"""One logical call: its attempts, what each of them proves, and the error that it ends with."""

import asyncio
import math
import os
from collections.abc import Coroutine, Mapping
from copy import copy
from itertools import count
from os import urandom
from typing import Any, Final, Self, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.client.errors import LedgerError, NoAnswer, OutcomeUnknown, Unavailable
from ledger.client.refusals import Refused, refusal_of
from ledger.client.retries import Pace, Retries, RetryBudget, RetryPolicy
from ledger.client.tracing import CallSpan, span_of
from ledger.client.transport import Lost, NotSent, Reply, Request, Transport

T = TypeVar("T")

NOTHING_DONE: Final = frozenset(
    {
        "rate-limited",
        "busy",
        "database-unavailable",
        "shutting-down",
        "wallet-quarantined",
        "not-ready",
    }
)
"""Refusals that may pass, with which the ledger answers that nothing was done."""

_UNREMEMBERED: Final = frozenset({401, 403})
"""Refusals of the caller, not of the command: they say nothing about an attempt before."""

_PASSING: Final = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may well succeed."""


_process: Final = urandom(8).hex()
_numbers: Final = count(1)


def new_request_id() -> str:
    """An id that no other request has, by whatever process."""
    return f"{_process}-{os.getpid():x}-{next(_numbers):x}"


class _Failure(Struct, frozen=True):
    """An attempt without a result, and its `cause`.

    `unknown`: it may be done all the same. `passing`: the same request may succeed later, after
    `after_s` seconds where the ledger named them.
    """

    cause: Exception
    unknown: bool
    passing: bool = True
    after_s: float | None = None


class CallRunner:
    """Makes logical calls over a transport, under one retry policy and one retry budget."""

    def __init__(
        self, transport: Transport, policy: RetryPolicy, budget: RetryBudget, pace: Pace
    ) -> None:
        self.transport = transport
        self._policy, self._budget, self._pace = policy, budget, pace
        self._finishing: set[asyncio.Future[Any]] = set()

    def with_policy(self, policy: RetryPolicy) -> Self:
        """A runner on the same connections and out of the same budget, under another policy."""
        runner = copy(self)
        runner._policy = policy  # noqa: SLF001 - its own copy
        return runner

    @property
    def policy(self) -> RetryPolicy:
        """How long and how often calls are tried."""
        return self._policy

    def finish(self, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Run something to its end even if the task that waits for it is cancelled."""
        task = asyncio.ensure_future(work)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)
        return asyncio.shield(task)

    async def finish_all(self) -> None:
        """Wait for everything that `finish` runs."""
        while self._finishing:
            await asyncio.wait(self._finishing)

    def patience(self) -> Retries:
        """The attempts of whoever follows a stream: no other call uses up their budget."""
        return Retries(self._policy, RetryBudget(burst=math.inf), self._pace)

    async def call(self, request: Request) -> Reply:
        """The ledger's answer to a request.

        Raises Refused if it refused, Unavailable if nothing was done, OutcomeUnknown if that
        cannot be said.
        """
        if request.request_id is None:
            request = replace(request, request_id=new_request_id())
        with span_of(request) as span:
            try:
                return await self._call(request, span)
            except Refused as refused:
                span.note("ledger.refusal", refused.slug)
                raise

    async def _call(self, request: Request, span: CallSpan) -> Reply:
        retries = Retries(self._policy, self._budget, self._pace)
        unknown = False
        while True:
            timeout_s = retries.begin(request.waits_s)
            outcome = await self._attempt(request, timeout_s, span.context())
            span.note("ledger.attempts", retries.attempts)
            if isinstance(outcome, Reply):
                return outcome
            if isinstance(outcome, Refused):
                if unknown and (not outcome.slug or outcome.status in _UNREMEMBERED):
                    # What stands before the ledger knows nothing of an attempt that got through.
                    raise unanswered_error(
                        request, retries.attempts, outcome, unknown=True
                    ) from outcome
                raise outcome
            unknown = unknown or outcome.unknown
            may_repeat = outcome.passing and request.may_be_sent_again
            if not (may_repeat and await retries.another(outcome.after_s)):
                cause = outcome.cause
                raise unanswered_error(request, retries.attempts, cause, unknown=unknown) from cause

    async def _attempt(
        self, request: Request, timeout_s: float, context: Mapping[str, str]
    ) -> Reply | Refused | _Failure:
        try:
            reply = await self.transport.send(request, timeout_s, context)
        except NotSent as error:
            return _Failure(error, unknown=False)
        except Lost as error:
            return _Failure(error, unknown=request.changes)
        return _classified(request, reply)


def error_of(request: Request, reply: Reply) -> LedgerError:
    """The error of a whole call whose answer was 4xx or 5xx."""
    outcome = _classified(request, reply)
    if isinstance(outcome, _Failure):
        return unanswered_error(request, 1, outcome.cause, unknown=outcome.unknown)
    assert isinstance(outcome, Refused)
    return outcome


def _classified(request: Request, reply: Reply) -> Reply | Refused | _Failure:
    """The answer itself if it is a result, else a refusal for good, or a failure that may pass."""
    if reply.status < 300:
        return reply
    refused = refusal_of(reply)
    if reply.status < 500 and reply.status != 429:
        return refused
    return _Failure(
        refused,
        # Also a 429 by a proxy before the ledger: it let nothing through.
        unknown=request.changes and reply.status != 429 and refused.slug not in NOTHING_DONE,
        passing=reply.status in _PASSING,
        after_s=reply.retry_after_s,
    )


def unanswered_error(
    request: Request, attempts: int, cause: Exception, *, unknown: bool
) -> LedgerError:
    """The error for a call whose last attempt failed by `cause`."""
    if not unknown and isinstance(cause, Refused) and cause.status == 429:
        return cause
    name = request.operation.name
    kind: type[NoAnswer] = OutcomeUnknown if unknown else Unavailable
    if unknown and request.operation.repeatable:
        advice = "It may or may not be done. To send the same again does nothing twice."
    elif unknown and request.key is None:
        advice = "It may or may not be done, and it has no key: look before you do it again."
    elif unknown:
        advice = (
            f"It may or may not be done. Under the same key, {request.key}, it is done once at "
            "most: make the same call with that idempotency_key, or client.resolve(error)."
        )
    else:
        advice = "Nothing was done. Try again later."
    return kind(f"{name}: {cause} ({attempts} attempts). {advice}", request, attempts)
