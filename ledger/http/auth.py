"""Who calls, and whether they may: bearer keys and scopes."""

import re
from collections.abc import Collection
from typing import Final, Literal

from ledger.core.instants import Instant, format_instant
from ledger.http.problems import Problem, ProblemError, problem
from ledger.http.request import Headers
from ledger.service import Caller, Ledger

Scope = Literal[
    "wallet:read",
    "debit:write",
    "credit:write",
    "order:write",
    "finance:read",
    "admin:write",
    "admin:approve",
]

_BEARER: Final = re.compile(rb"bearer +([\x21-\x7e]{1,512}) *", re.IGNORECASE)
_CHALLENGE: Final = b"www-authenticate"


async def authenticated(ledger: Ledger, headers: Headers) -> Caller:
    """The caller of the key in the request.

    Raises ProblemError: `unauthenticated`, or `forbidden` where operators stopped the caller.
    """
    given = headers.one(b"authorization")
    if given is None:
        detail = "No API key was sent. Send one as: Authorization: Bearer <key>."
        raise ProblemError(problem("unauthenticated", detail, (_CHALLENGE, b"Bearer")))
    match = _BEARER.fullmatch(given)
    if match is not None:
        token = match[1].decode("ascii")
        caller = ledger.cached_caller(token) or await ledger.authenticate(token)
        if caller is not None:
            if caller.stopped_at is not None:
                raise ProblemError(_stopped(caller.name, caller.stopped_at))
            return caller
    detail = "The API key is unknown, expired or revoked. Send one in force, as a Bearer token."
    challenge = (_CHALLENGE, b'Bearer error="invalid_token"')
    raise ProblemError(problem("unauthenticated", detail, challenge))


def _stopped(name: str, stopped_at: Instant) -> Problem:
    since = format_instant(stopped_at)
    detail = (
        f"Operators stopped the caller {name} at {since}: nothing is done for any of its keys. Ask "
        "them to let it go on."
    )
    return problem("forbidden", detail, caller=name, stopped_at=since)


def check_scope(caller: Caller, scopes: Collection[Scope], **facts: object) -> None:
    """Raises ProblemError `forbidden` unless the caller has one of the scopes, or none is asked."""
    if not scopes or any(scope in caller.scopes for scope in scopes):
        return
    wanted = " or ".join(scopes)
    detail = f"This call needs the scope {wanted}, which the key of {caller.name} lacks."
    challenge = (
        _CHALLENGE,
        f'Bearer error="insufficient_scope", scope="{" ".join(scopes)}"'.encode(),
    )
    raise ProblemError(problem("forbidden", detail, challenge, scope=wanted, **facts))
