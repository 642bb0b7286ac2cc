"""A session with the ledger: one client and one screen for a command.

The client works over the API or, for some commands, on the database of this host. A refusal, or a
ledger that does not answer, is shown and ends the process with its exit code.
"""

import asyncio
import os
import shlex
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from ledger.cli.admin.connection_options import DEFAULT_URL, ConnectionOptions, HostOptions
from ledger.cli.admin.credentials import find_credential
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Screen
from ledger.cli.texts import in_both_zones, text_of
from ledger.client import (
    LedgerClient,
    LedgerError,
    OutcomeUnknown,
    Page,
    RateLimited,
    Refused,
    RetryPolicy,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
    new_key,
)
from ledger.client.fields import checked_key
from ledger.contract.problems import KINDS, TYPE_BASE

T = TypeVar("T")

REFUSED: Final = 1
"""Exit code: the ledger refused, and nothing was done."""

UNREACHABLE: Final = 3
"""Exit code: the ledger cannot be reached now, or it is unknown what it did."""

STOPPED: Final = 130
"""Exit code: the person at the terminal said no, or interrupted the command (Ctrl-C)."""

PAGE: Final = 1_000
"""Items of one page where all are wanted."""

PATIENCE: Final = RetryPolicy(deadline_s=10.0)
"""For how long a person waits for a ledger that is away."""

_LOCAL: Final = {"127.0.0.1", "::1", "localhost"}


class Answer(Protocol):
    """Anything that the ledger answered; `document` is its JSON."""

    @property
    def document(self) -> Any: ...  # noqa: D102, ANN401 - said above; JSON


A = TypeVar("A", bound=Answer)
T_co = TypeVar("T_co", covariant=True)


class KeyedCall(Protocol[T_co]):
    """A call of the client that changes something, with all its arguments but the key."""

    def __call__(self, *, idempotency_key: str) -> Awaitable[T_co]:
        """Make the call under a key."""


class Listing(Struct, Generic[T], frozen=True):
    """Items of a list, of as many of its pages as were wanted; `next` is where to go on."""

    items: list[T]
    next: str | None
    documents: list[Any]

    @property
    def document(self) -> dict[str, Any]:
        """The pages as one page of the API."""
        return {"items": self.documents, "next": self.next}


class Session:
    """A client of the ledger that a command was pointed at, and the screen that it prints on."""

    def __init__(self, client: LedgerClient, screen: Screen, *, as_json: bool) -> None:
        self.client, self.screen, self.as_json = client, screen, as_json

    async def change(self, key: str | None, call: KeyedCall[T]) -> T:
        """The answer to a change under a key, a new one if none is given."""
        own_key = new_key() if key is None else _checked(key)
        with self._noting_interruption(own_key):
            return await call(idempotency_key=own_key)

    async def change_once(self, call: Awaitable[T]) -> T:
        """The answer to a change that takes no key: it is sent a single time."""
        with self._noting_interruption(None):
            return await call

    @contextmanager
    def _noting_interruption(self, key: str | None) -> Iterator[None]:
        try:
            yield
        except asyncio.CancelledError:
            self.screen.note(f"ledger: interrupted; {_unknown_advice(key)}")
            raise

    def show(self, answer: A, show_answer: Callable[[Screen, A], None]) -> None:
        """Print an answer: as JSON where that was asked for, else by `show_answer`."""
        if self.as_json:
            self.screen.document(answer.document)
        else:
            show_answer(self.screen, answer)


async def listing(
    read: Callable[[int, str | None], Awaitable[Page[T]]],
    wanted: int | None = None,
    after: str | None = None,
) -> Listing[T]:
    """So many items of a list, all by default; `read` reads a page of a size, after a cursor."""
    items: list[T] = []
    documents: list[Any] = []
    while True:
        left = PAGE if wanted is None else min(PAGE, wanted - len(items))
        page = await read(left, after)
        items += page.items
        documents += page.document["items"]
        after = page.next
        if after is None or len(items) == wanted:
            return Listing(items, after, documents)


@asynccontextmanager
async def open_session(where: ConnectionOptions) -> AsyncIterator[Session]:
    """A session over the API with the ledger that the options name; a failed call ends the process.

    Its exit code is REFUSED after a refusal, UNREACHABLE where no answer came or the caller is
    rate-limited. Raises CommandError for a wrong address, or where there is no API key.
    """
    url, screen = address(where.url), Screen()
    credential = find_credential(url, where.key_file, os.environ)
    if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in _LOCAL:
        screen.note("ledger: the key and all answers go over the network unencrypted (http://)")
    with _failures_shown(screen, url, f"the key came from {credential.source}", where):
        async with LedgerClient(url, credential.key, retry=PATIENCE) as client:
            yield Session(client, screen, as_json=where.json)


@asynccontextmanager
async def open_session_or_host(where: HostOptions) -> AsyncIterator[Session]:
    """A session over the API if the options name a ledger; else one on the database of this host.

    People are told which of the two it is. It fails as `open_session` does.
    """
    if where.is_over_api:
        async with open_session(where) as session:
            if not where.json:
                session.screen.note(f"ledger: over the API at {address(where.url)}")
            yield session
        return
    # What works on the database brings all of the ledger with it.
    from ledger.cli.host import open_host_client  # noqa: PLC0415

    screen = Screen()
    named = "LEDGER_DATABASE_URL" in os.environ
    database = "LEDGER_DATABASE_URL" if named else os.environ.get("LEDGER_DATA_DIR", ".ledger")
    place = f"on this host, in the database of {database}"
    with _failures_shown(screen, place, "", where):
        async with open_host_client() as client:
            if not where.json:
                screen.note(f"ledger: {place}")
            yield Session(client, screen, as_json=where.json)


@contextmanager
def _failures_shown(
    screen: Screen, url: str, key_came_from: str, where: ConnectionOptions
) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        if where.json:
            screen.document(problem_document(refused))
        show_refusal(screen, refused)
        if isinstance(refused, Unauthenticated):
            screen.note(f"  {key_came_from}")
        sys.exit(UNREACHABLE if isinstance(refused, RateLimited) else REFUSED)
    except OutcomeUnknown as unknown:
        screen.note(f"ledger: {url} gave no answer ({_cause(unknown)}):")
        screen.note(f"ledger: {_unknown_advice(unknown.idempotency_key)}")
        _note_request(screen, unknown)
        sys.exit(UNREACHABLE)
    except Unavailable as unavailable:
        cause = _cause(unavailable)
        screen.note(f"ledger: {url} does not answer: {cause}. Nothing was done; try later.")
        sys.exit(UNREACHABLE)
    except UnexpectedAnswer as unexpected:
        screen.note(f"ledger: {unexpected}")
        _note_request(screen, unexpected)
        sys.exit(UNREACHABLE)


def address(url: str | None) -> str:
    """The address of a ledger as it is used and remembered. Raises CommandError."""
    text = (url or DEFAULT_URL).rstrip("/")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise CommandError(
            "--url (or LEDGER_URL) is such as https://ledger.example or http://host:8000"
        )
    if parts.username is not None or parts.password is not None:
        raise CommandError("--url names no user and no password: the API key says who asks")
    return text


def show_refusal(screen: Screen, refused: Refused) -> None:
    """Note why the ledger refused."""
    screen.note(
        f"ledger: refused ({refused.slug or refused.status}): {in_both_zones(refused.detail)}"
    )
    for name, value in refused.facts.items():
        screen.note(f"  {name}: {text_of(value)}")
    _note_request(screen, refused)


def _note_request(screen: Screen, error: LedgerError) -> None:
    if error.request_id:
        screen.note(f"  request: {error.request_id}")


def problem_document(refused: Refused) -> dict[str, Any]:
    """A refusal as the API's problem document (RFC 9457)."""
    return {
        "type": f"{TYPE_BASE}{refused.slug}" if refused.slug else "about:blank",
        "title": KINDS.get(refused.slug, (0, "The request was refused"))[1],
        "status": refused.status,
        "detail": refused.detail,
        **refused.facts,
    }


def _checked(key: str) -> str:
    try:
        return checked_key(key)
    except ValueError as error:
        raise CommandError(f"--idempotency-key: {error}") from None


def _cause(error: Exception) -> str:
    return str(error.__cause__ or error)


def _unknown_advice(key: str | None) -> str:
    if key is None:
        return "it may or may not be done, and it has no key: look before you do it again."
    return (
        "it may or may not be done. Run the same command again with --idempotency-key "
        f"{shlex.quote(key)}: then it is done once, and you see its answer."
    )
