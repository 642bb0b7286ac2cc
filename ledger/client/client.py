"""The client: every call that callers make, over one transport."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace

from ledger.client.answers import Document, from_reply
from ledger.client.attempts import CallRunner
from ledger.client.batching import BatchCalls
from ledger.client.errors import OutcomeUnknown
from ledger.client.feed import FeedCalls
from ledger.client.fields import checked_key, query_texts
from ledger.client.holding import HoldCalls
from ledger.client.http import HttpTransport
from ledger.client.retries import Pace, RetryBudget, RetryPolicy
from ledger.client.transport import Operation, Request, Transport


class LedgerClient(HoldCalls, BatchCalls, FeedCalls):
    """A ledger, as its callers use it. It is made in any event loop and then stays in that one.

    `url` is such as `https://ledger.example` or `grpcs://ledger.example:50051` (without TLS `http`
    or `grpc`), `key` the caller's API key. Every change is sent under an idempotency key, the
    caller's `idempotency_key` or a UUIDv7 made once for the call, and all its attempts have the
    same: so it is done once or not at all.

    What a call raises:

    - `Refused`, by its own class for each reason (`InsufficientFunds` …): nothing was done.
    - `Unavailable`: nobody answered in time, and nothing was done.
    - `OutcomeUnknown`: it may be done. `client.resolve(error)`, or the same call under
      `error.idempotency_key`, finds out without doing it twice.

    A `transport` of the caller's own takes the place of what `url` and `key` would open. `retry`
    says how long is tried. `budget` is shared by all calls; share it between clients of the
    same ledger. Close it with `async with` or `aclose`.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        budget: RetryBudget | None = None,
        pace: Pace = Pace(),  # noqa: B008 - frozen
        transport: Transport | None = None,
    ) -> None:
        carrier = transport_to(url, key) if transport is None else transport
        super().__init__(CallRunner(carrier, retry, budget or RetryBudget(), pace))

    def with_options(
        self, *, timeout_s: float | None = None, retry: RetryPolicy | None = None
    ) -> Self:
        """The same client with other limits: `await client.with_options(timeout_s=2).debit(…)`.

        `timeout_s` bounds a call as a whole, its attempts and the waits between them; a wait that
        is asked for (`wait_s`) comes on top, and for `events` it is how long an outage may last.
        `retry` says all of it. Connections and retry budget are those of this client, which is the
        one to close.
        Raises ValueError for a timeout that is not above 0.
        """
        policy = self._runner.policy if retry is None else retry
        if timeout_s is not None:
            if not timeout_s > 0:
                raise ValueError(f"timeout_s was {timeout_s}; a call takes more than 0 seconds.")
            policy = replace(policy, deadline_s=timeout_s, attempt_timeout_s=timeout_s)
        return self._with_runner(self._runner.with_policy(policy))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Wait for the captures and voids that nobody waits for, then close all connections."""
        await self._runner.finish_all()
        await self._runner.transport.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        waits_s: float = 0.0,
    ) -> Document:
        """Any call of the HTTP contract, also one that has no method here; the answer's JSON.

        `path` is such as "/v1/find"; ids in it are already percent-encoded where they need it.
        `query` values become texts, those that are None are left out. A GET is sent again like any
        other. Anything else is sent again only with `idempotency_key` (`new_key()` makes one);
        without it, it is sent once, and OutcomeUnknown then means: look. `waits_s` is how much
        longer than usual the answer may take.

        Raises Refused, Unavailable, OutcomeUnknown as every call; over gRPC ValueError.
        """
        if not path.startswith("/"):
            raise ValueError(f"The path was {path!r}; it begins with /: the key goes nowhere else.")
        operation = Operation(
            "request",
            method.upper(),
            path.replace("{", "{{").replace("}", "}}"),
            repeatable=method.upper() == "GET",
        )
        request = Request(
            operation=operation,
            query=query_texts(query),
            body=body,
            key=None if idempotency_key is None else checked_key(idempotency_key),
            waits_s=waits_s,
        )
        return await self._sent(request, lambda reply: from_reply(Document(reply.body), reply))

    async def resolve(self, unknown: OutcomeUnknown) -> Any:  # noqa: ANN401 - that call's result
        """Learn what became of a call: the same once more, under the same key.

        It returns what the call would have returned, or raises what it would have raised. If it was
        not done yet, it is done now. Raises ValueError for a call that has no key: it cannot be
        told apart from another one.
        """
        if not unknown.request.may_be_sent_again or unknown.decode is None:
            raise ValueError(
                f"{unknown.operation} has no idempotency key, so it cannot be sent again without "
                "being done again: read what it would have changed."
            )
        return await self._sent(unknown.request, unknown.decode)


def transport_to(url: str, key: str | None) -> Transport:
    """The transport that a URL's scheme names. Raises ValueError for another scheme."""
    scheme, _, target = url.partition("://")
    match scheme:
        case "http" | "https":
            return HttpTransport(url, key)
        case "grpc" | "grpcs":
            from ledger.client import rpc  # noqa: PLC0415 - grpc takes a while to load

            return rpc.GrpcTransport.at(target.rstrip("/"), key, encrypted=scheme == "grpcs")
        case _:
            raise ValueError(f"The URL was {url!r}; it begins with https, http, grpcs or grpc ://")
