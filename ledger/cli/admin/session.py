"""A session with the ledger over its API: one connection for a command.

A refusal, or a ledger that does not answer, is shown and ends the process with its exit code.
"""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from ledger.cli.admin.connection_options import DEFAULT_URL, ConnectionOptions
from ledger.cli.admin.credentials import Credential, find_credential
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.texts import in_both_zones, text_of
from ledger.cli.command_error import CommandError
from ledger.client import (
    LedgerClient,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unauthenticated,
    Unavailable,
    new_key,
)
from ledger.client.fields import checked_key
from ledger.contract.problems import KINDS, TYPE_BASE
from ledger.core.ids import ID_PATTERN

REFUSED: Final = 1
"""Exit code: the ledger refused, and nothing was done."""

UNREACHABLE: Final = 3
"""Exit code: the ledger cannot be reached now, or it is unknown what it did."""

STOPPED: Final = 130
"""Exit code: the person at the terminal said no, or interrupted the command (Ctrl-C)."""

PAGE: Final = 1_000
"""Items of one page where all are wanted."""

_ID: Final = re.compile(ID_PATTERN, re.ASCII)
_LOCAL: Final = {"127.0.0.1", "::1", "localhost"}

Show = Callable[[Screen, Any], None]
"""Prints an answer's body on a screen, for people."""


class Session:
    """A client of the ledger that a command was pointed at, and the screen that it prints on."""

    def __init__(self, client: LedgerClient, screen: Screen, *, as_json: bool) -> None:
        self.client, self.screen, self.as_json = client, screen, as_json

    async def get(self, path: str, **query: object) -> dict[str, Any]:
        """The answer to a GET; query parameters that are None are left out."""
        return await self.client.request("GET", path, query=query)

    async def post(
        self, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> dict[str, Any]:
        """The answer to a POST under a key, a new one if none is given.

        Fields of the body that are None are left out.
        """
        return await self._post(path, body, new_key() if key is None else _checked(key))

    async def post_once(
        self, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """The answer to a POST that takes no key: it is sent a single time."""
        return await self._post(path, body, None)

    async def _post(
        self, path: str, body: Mapping[str, object] | None, key: str | None
    ) -> dict[str, Any]:
        given = {name: value for name, value in (body or {}).items() if value is not None}
        try:
            return await self.client.request("POST", path, body=given, idempotency_key=key)
        except asyncio.CancelledError:
            self.screen.note(f"ledger: interrupted; {_unknown_advice(key)}")
            raise

    async def pages(
        self, path: str, wanted: int | None, after: str | None = None, **query: object
    ) -> dict[str, Any]:
        """So many items of a list as one page of it; `wanted` None means all."""
        items: list[Any] = []
        while True:
            left = PAGE if wanted is None else min(PAGE, wanted - len(items))
            page = await self.get(path, limit=left, after=after, **query)
            items += page["items"]
            after = page.get("next")
            if after is None or len(items) == wanted:
                return {**page, "items": items, "next": after}

    def show(self, body: Any, show_body: Show) -> None:  # noqa: ANN401 - any answer
        """Print an answer: as JSON where that was asked for, else by `show_body`."""
        if self.as_json:
            self.screen.document(body)
            return
        try:
            show_body(self.screen, body)
        except (KeyError, TypeError):
            # The call was carried out all the same, and the caller has to see its answer.
            self.screen.note("ledger: the answer has a shape that this version does not know:")
            self.screen.document(body)


@asynccontextmanager
async def open_session(where: ConnectionOptions) -> AsyncIterator[Session]:
    """A session with the ledger that the options name; a failed call ends the process.

    Its exit code is REFUSED after a refusal, UNREACHABLE where no answer came or the caller is
    rate-limited. Raises CommandError for a wrong address, or where there is no API key.
    """
    url, screen = address(where.url), Screen()
    credential = find_credential(url, where.key_file, os.environ)
    if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in _LOCAL:
        screen.note("ledger: the key and all answers go over the network unencrypted (http://)")
    try:
        async with LedgerClient(url, credential.key) as client:
            yield Session(client, screen, as_json=where.json)
    except Refused as refused:
        show_refusal(screen, refused, credential, as_json=where.json)
        sys.exit(UNREACHABLE if isinstance(refused, RateLimited) else REFUSED)
    except OutcomeUnknown as unknown:
        screen.note(f"ledger: {url} gave no answer ({_cause(unknown)}):")
        screen.note(f"ledger: {_unknown_advice(unknown.idempotency_key)}")
        sys.exit(UNREACHABLE)
    except Unavailable as unavailable:
        cause = _cause(unavailable)
        screen.note(f"ledger: {url} does not answer: {cause}. Nothing was done; try later.")
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


def path(*parts: str) -> str:
    """The path of a call, from words of ours and ids of the caller's. Raises CommandError."""
    for part in parts:
        if _ID.fullmatch(part) is None:
            raise CommandError(f"{part!a} is no id: one is 1 to 64 of A-Z a-z 0-9 _ . : -")
    # Dots alone would be taken for a step within the path (RFC 3986, 5.2.4).
    return "".join(f"/{part.replace('.', '%2E') if set(part) == {'.'} else part}" for part in parts)


def wallet_path(wallet_id: str, *parts: str) -> str:
    """The path of a call on a wallet."""
    return path("v1", "wallets", wallet_id, *parts)


def show_refusal(
    screen: Screen, refused: Refused, credential: Credential, *, as_json: bool
) -> None:
    """Print why the ledger refused; as JSON also its problem document."""
    if as_json:
        screen.document(problem_document(refused))
    screen.note(
        f"ledger: refused ({refused.slug or refused.status}): {in_both_zones(refused.detail)}"
    )
    for name, value in refused.facts.items():
        screen.note(f"  {name}: {text_of(value)}")
    if isinstance(refused, Unauthenticated):
        screen.note(f"  the key came from {credential.source}")
    if refused.request_id:
        screen.note(f"  request: {refused.request_id}")


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
