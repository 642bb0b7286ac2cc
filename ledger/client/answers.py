"""What all results have in common: which request they answer, and their JSON as it came."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from ledger.client.errors import UnexpectedAnswer
from ledger.client.transport import Reply

T = TypeVar("T")


class _Answer:
    """Knows the reply that it was read from; None for a part of a result, or one made by hand."""

    __slots__ = ()

    @property
    def _reply(self) -> Reply | None:
        kept: Mapping[str, Any] = self.__dict__
        reply: Reply | None = kept.get("reply")
        return reply

    @property
    def request_id(self) -> str | None:
        """The id of the request that this answers, as the ledger's own log has it."""
        return None if self._reply is None else self._reply.request_id

    @property
    def replayed(self) -> bool:
        """Whether this is an earlier answer, given again under the same idempotency key."""
        return self._reply is not None and self._reply.replayed

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON
        """The answer's JSON as it came, with fields that this client does not know."""
        return msgspec.to_builtins(self) if self._reply is None else self._reply.body


class Result(_Answer, Struct, frozen=True, kw_only=True, dict=True):
    """What the ledger answered to a call, or a part of that. Equal ones say the same."""


class Page(Result, Generic[T], frozen=True, kw_only=True):
    """A page of a list; `next` is the cursor of the page after it, None on the last."""

    items: tuple[T, ...]
    next: str | None = None


class Rows(_Answer, tuple[T, ...]):  # noqa: SLOT001 - it knows its reply
    """A whole list, as a tuple."""


class Document(_Answer, dict[str, Any]):
    """An answer's JSON object, of a call that has no method."""


def answer_of(reply: Reply, result: type[T]) -> T:
    """A reply's body as a result. Raises UnexpectedAnswer where it has another shape."""
    try:
        value = msgspec.convert(reply.body, result)
    except msgspec.ValidationError as error:
        raise unexpected(reply, f"no {getattr(result, '__name__', result)}: {error}") from error
    return from_reply(value, reply)


def unexpected(reply: Reply, what: str) -> UnexpectedAnswer:
    """The error for an answer that this client does not understand: `what` it was."""
    error = UnexpectedAnswer(
        f"The answer was {what}. The call was carried out; a newer client may understand it."
    )
    error.request_id = reply.request_id
    return error


def rows_of(reply: Reply, item: type[T]) -> Rows[T]:
    """The items of a reply's body. Raises UnexpectedAnswer as `answer_of`."""
    return from_reply(Rows(answer_of(reply, Page[item]).items), reply)  # type: ignore[valid-type]


def from_reply(value: T, reply: Reply) -> T:
    """The value, knowing the reply that it was read from."""
    vars(value)["reply"] = reply
    return value
