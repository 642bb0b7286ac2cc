"""Access: the caller of a key, the scopes that calls need, and the problems of refused ones."""

from collections.abc import Collection
from math import ceil
from typing import Final

from ledger.access.callers import Caller, Scope
from ledger.access.rates import Rate
from ledger.contract.problems import Problem, ProblemError, problem
from ledger.core.instants import Instant, format_instant
from ledger.service import Ledger

MENDS: Final[tuple[Scope, ...]] = ("debit:write", "admin:write")
"""Who may give value back that a generation took or set aside: its service, and support."""

CHALLENGE: Final = b"www-authenticate"


def no_key() -> ProblemError:
    """The problem of a request without a key."""
    detail = "No API key was sent. Send one as: Authorization: Bearer <key>."
    return ProblemError(problem("unauthenticated", detail, (CHALLENGE, b"Bearer")))


def no_such_key() -> ProblemError:
    """The problem of a request whose key nobody has."""
    detail = "The API key is unknown, expired or revoked. Send one in force, as a Bearer token."
    challenge = (CHALLENGE, b'Bearer error="invalid_token"')
    return ProblemError(problem("unauthenticated", detail, challenge))


async def caller_of(ledger: Ledger, token: str) -> Caller:
    """The caller of a key, let in. Raises ProblemError as `let_in`."""
    return let_in(ledger, ledger.callers.cached(token) or await ledger.callers.authenticate(token))


def let_in(ledger: Ledger, caller: Caller | None) -> Caller:
    """The caller, with one request more counted against its rate.

    Raises ProblemError: `unauthenticated` for none, `forbidden` where operators stopped the
    caller, `rate-limited` where it has sent too much.
    """
    if caller is None:
        raise no_such_key()
    if caller.stopped_at is not None:
        raise ProblemError(_stopped(caller.name, caller.stopped_at))
    if caller.rate is not None:
        wait_s = ledger.callers.admit(caller)
        if wait_s is not None:
            raise ProblemError(_too_much(caller.name, caller.rate, wait_s))
    return caller


def check_scope(caller: Caller, scopes: Collection[Scope], **facts: object) -> None:
    """Raises ProblemError `forbidden` unless the caller has one of the scopes, or none is asked."""
    if not scopes or any(scope in caller.scopes for scope in scopes):
        return
    wanted = " or ".join(scopes)
    detail = f"This call needs the scope {wanted}, which the key of {caller.name} lacks."
    challenge = (
        CHALLENGE,
        f'Bearer error="insufficient_scope", scope="{" ".join(scopes)}"'.encode(),
    )
    raise ProblemError(problem("forbidden", detail, challenge, scope=wanted, **facts))


def _too_much(name: str, rate: Rate, wait_s: float) -> Problem:
    retry_after_s = ceil(wait_s)
    detail = (
        f"{name} may send {rate.per_s} commands a second, {rate.burst} at once after a rest, and "
        f"has sent more; all its keys share this. Send it again in {retry_after_s} s."
    )
    again = (b"retry-after", b"%d" % retry_after_s)
    facts = {"rate_per_s": rate.per_s, "burst": rate.burst, "retry_after_s": retry_after_s}
    return problem("rate-limited", detail, again, caller=name, **facts)


def _stopped(name: str, stopped_at: Instant) -> Problem:
    since = format_instant(stopped_at)
    detail = (
        f"Operators stopped the caller {name} at {since}: nothing is done for any of its keys. Ask "
        "them to let it go on."
    )
    return problem("forbidden", detail, caller=name, stopped_at=since)
