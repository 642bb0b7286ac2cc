"""An operation: one call of the contract as a value, and what its handler is given."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, Generic, Literal, TypeVar, get_type_hints

from msgspec import Struct

from ledger.access.callers import Caller, Scope
from ledger.contract.currencies import Currencies
from ledger.contract.problems import Slug
from ledger.contract.response import Response
from ledger.core.decider import Command
from ledger.core.rejections import Reason
from ledger.core.terms import Terms
from ledger.service import Ledger

B = TypeVar("B")
Q = TypeVar("Q")

BODY_MAX: Final = 64 * 1024
BATCH_BODY_MAX: Final = 8 * 1024 * 1024
"""Bytes that a request may have."""

NOBODY: Final = Caller("", frozenset())
"""Who calls an operation that needs no key."""


Render = Callable[[str, Any, Mapping[int, str]], object]
"""The body for an event on the wallet of this id, with currency codes by number."""

Responses = Mapping[type, tuple[int, Render]]
"""Status and body of each event (or verdict without one) that a command may come to."""


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameter is known."""


class Call(Struct, Generic[B, Q], frozen=True, gc=False):
    """A request that was found well-formed and allowed, on its way into an operation.

    `responses` are those of all operations: a batch or a proposal may come to any of them.
    `params` are the ids of the path, `key` the idempotency key where one is needed, `raw` and
    `headers` the HTTP request as it came where the operation decodes it by itself.
    """

    ledger: Ledger
    currencies: Currencies
    responses: Responses
    caller: Caller
    params: Mapping[str, str]
    query: Q
    body: B
    key: str
    request_id: str
    raw: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()

    @property
    def terms(self) -> Terms:
        """The terms of the catalogue that are in force now."""
        return self.ledger.catalogue.at(self.ledger.clock.now())


class Operation(Struct, frozen=True, kw_only=True):
    """One call: where it is, who may call it, what it takes and what it answers.

    `scopes` are alternatives, none meaning that any key will do; `public` operations need no key.
    `body` is a struct, or None where nothing is read unless `raw_body` says that the operation
    decodes the bytes itself. `responds` says what each event that its command comes to is answered
    with, `effects` the same for events of an approved proposal, which its `outcome` shows;
    `answers` are the schemas by status of what is answered otherwise, and `plain` the media type of
    an answer that is no JSON. `commands` are those that it submits, which say what they are refused
    for; `reasons` and `problems` are the refusals to declare beyond those, and beyond what the
    rules of all calls bring. `waits` says that its work is given up when the
    caller goes away, `only_http` that it is about HTTP itself, and no other edge has it. What is
    `repeatable` needs no key to be sent twice: the second time changes nothing.

    What is `audited`, or `audited_for_people` where a person calls, is entered in the audit list
    under its `subject`, by default the first id of its path. With `keeps_words` its reason is
    entered too: never for a call about a wallet, whose texts must be erasable. `proposed_as` is the
    kind of proposal that a person makes of it, who may not do it alone.
    """

    id: str
    method: Literal["GET", "POST"]
    path: str
    tag: str
    summary: str
    run: Callable[[Any], Coroutine[Any, Any, Response]]
    answers: dict[int, Any] = {}
    responds: Responses = {}
    effects: Responses = {}
    description: str = ""
    scopes: tuple[Scope, ...] = ()
    public: bool = False
    query: type[Struct] = NoQuery
    body: Any = None
    body_optional: bool = False
    raw_body: bool = False
    body_max: int = BODY_MAX
    needs_key: bool = False
    repeatable: bool = False
    commands: tuple[type[Command], ...] = ()
    reasons: tuple[Reason, ...] = ()
    problems: tuple[Slug | Reason, ...] = ()
    plain: str = ""
    development: bool = False
    waits: bool = False
    only_http: bool = False
    audited: bool = False
    audited_for_people: bool = False
    keeps_words: bool = False
    subject: Callable[[Any], str] | None = None
    proposed_as: Literal["close_wallet", "pay_out", "erase_wallet"] | None = None
    example_body: Any = None
    example_query: dict[str, str] = {}
    example_answer: Any = None

    @property
    def refusals(self) -> tuple[Reason, ...]:
        """What it may be refused for by rules of the ledger: those of its commands, and its own."""
        of_commands = [
            reason
            for command in self.commands
            for reason in (*command.gates.reasons, *command.refusals)
        ]
        return tuple(dict.fromkeys((*of_commands, *self.reasons)))

    @property
    def schemas(self) -> dict[int, Any]:
        """The types of its successful bodies by status."""
        schemas = dict(self.answers)
        for status, render in self.responds.values():
            rendered = get_type_hints(render)["return"]
            schemas[status] = schemas.get(status, rendered) | rendered
        return schemas
