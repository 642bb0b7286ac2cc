"""An operation: one call of the contract as a value, and what its handler is given."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Generic, Literal, TypeVar

from litestar.types import Receive
from msgspec import Struct

from ledger.core.rejections import Reason
from ledger.http.answer import Answer
from ledger.http.auth import Scope
from ledger.http.currencies import Currencies
from ledger.http.problems import Slug
from ledger.http.request import BODY_MAX
from ledger.service import Caller, Ledger

B = TypeVar("B")
Q = TypeVar("Q")

NOBODY: Final = Caller("", frozenset())
"""Who calls an operation that needs no key."""


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameter is known."""


class Call(Struct, Generic[B, Q], frozen=True, gc=False):
    """A request that was found well-formed and allowed, on its way into an operation.

    `params` are the ids of the path, `key` the idempotency key where one is needed, `raw` and
    `headers` the request as it came where the operation decodes it by itself; `receive` tells
    when the caller goes away.
    """

    ledger: Ledger
    currencies: Currencies
    caller: Caller
    params: Mapping[str, str]
    query: Q
    body: B
    key: str
    raw: bytes
    headers: Sequence[tuple[bytes, bytes]]
    request_id: str
    receive: Receive


class Operation(Struct, frozen=True, kw_only=True):
    """One call: where it is, who may call it, what it takes and what it answers.

    `scopes` are alternatives, none meaning that any key will do; `public` operations need no key.
    `body` is a struct, or None where nothing is read unless `raw_body` says that the operation
    decodes the bytes itself. `answers` are the schemas of success by status; `plain` is the media
    type of an answer that is no JSON. `reasons` and `problems` are the refusals to declare beyond
    those that the rules of all calls bring.
    """

    id: str
    method: Literal["GET", "POST"]
    path: str
    tag: str
    summary: str
    run: Callable[[Any], Awaitable[Answer]]
    answers: dict[int, Any]
    description: str = ""
    scopes: tuple[Scope, ...] = ()
    public: bool = False
    query: type[Struct] = NoQuery
    body: Any = None
    body_optional: bool = False
    raw_body: bool = False
    body_max: int = BODY_MAX
    needs_key: bool = False
    reasons: tuple[Reason, ...] = ()
    problems: tuple[Slug, ...] = ()
    plain: str = ""
    development: bool = False
    example_body: Any = None
    example_query: dict[str, str] = {}
    example_answer: Any = None
