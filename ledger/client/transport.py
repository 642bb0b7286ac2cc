"""What carries a call to the ledger and its answer back: one protocol for HTTP and gRPC."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

from msgspec import Struct


class Operation(Struct, frozen=True):
    """One call of the contract: its name there, and where HTTP finds it.

    A `keyed` one takes an idempotency key. A `repeatable` one may be sent again without one,
    because it changes nothing, or because each of its parts has a key of its own.
    """

    name: str
    method: str
    path: str
    keyed: bool = False
    repeatable: bool = False


class Request(Struct, frozen=True, kw_only=True):
    """One logical call, the same for all its attempts; `body` and `query` have JSON's types."""

    operation: Operation
    parameters: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    body: Mapping[str, Any] | None = None
    key: str | None = None
    request_id: str | None = None
    """The id that all its attempts have in the ledger's log, given when it is first sent."""

    waits_s: float = 0.0
    """How much longer than usual the answer may take, because it was asked to wait."""

    @property
    def may_be_sent_again(self) -> bool:
        """Whether a second attempt can never do anything twice."""
        return self.operation.repeatable or self.key is not None

    @property
    def changes(self) -> bool:
        """Whether it may have done something by the time its answer is lost."""
        return self.operation.method != "GET"


class Reply(Struct, frozen=True, kw_only=True):
    """An answer of the ledger: `body` is what its JSON says, None if it is no JSON."""

    status: int
    body: Any
    replayed: bool = False
    request_id: str | None = None
    retry_after_s: float | None = None


class NotSent(Exception):  # noqa: N818 - named for what happened
    """The ledger could not be reached: nothing was done."""


class Lost(Exception):  # noqa: N818 - likewise
    """The request was, perhaps partly, sent and no answer came: it may or may not be done."""


class Transport(Protocol):
    """A way to the ledger. It never sends anything twice: what is safe to repeat is not its say."""

    async def send(self, request: Request, timeout_s: float, context: Mapping[str, str]) -> Reply:
        """Send once, under the request's id; `context` are the headers of the caller's trace.

        Raises NotSent or Lost. A refusal is an answer like any other.
        """

    def watch(self, request: Request, timeout_s: float) -> AsyncGenerator[Reply, None]:
        """Pages of events as they come; the request is one to read those after a seq.

        It is accepted within `timeout_s`. A page may be empty: then there is nothing new. It ends
        with a refusal, or raises NotSent or Lost.
        """

    async def aclose(self) -> None:
        """Close its connections; calls under way lose their answers."""
