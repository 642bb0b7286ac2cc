"""`ledger key …`: API keys, and how much their callers may send; over the API or on the host."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cyclopts import App, Parameter

from ledger.access.keys import HOST_SCOPES
from ledger.cli.admin.callers import show_caller
from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import ON_HOST, Flag, HostOptions, Id, Yes
from ledger.cli.admin.session import Session, listing, open_session_or_host
from ledger.cli.admin.shown_keys import new_file, show_keys, show_made
from ledger.cli.command_error import CommandError
from ledger.client.results import Key, MadeKey

if TYPE_CHECKING:
    from ledger.cli.host import HostClient

app: Final = App(name="key", help="API keys, and how much their callers may send.")

_DAY_S: Final = 86_400
_HOUR_S: Final = 3_600
_DAYS_MAX: Final = 36_500
_OVERLAP_HOURS_MAX: Final = 720
_ON_HOST: Final = (
    "On the host, leave out --url and --key-file, and unset LEDGER_URL and LEDGER_API_KEY_FILE"
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SuccessorOptions:
    """What may be said of a key that is made."""

    expires_in_days: float | None = None
    """When it stops working by itself; never by default, or when the key before it was to."""

    reason: str | None = None
    """Why, for the audit list. Over the API it must be said."""

    out: Path | None = None
    """Write the key to this new file, readable by you alone, instead of showing it."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class NewKeyOptions(SuccessorOptions):
    """What may be said of a key whose caller may be new."""

    person: Flag = False
    """On the host: the caller is a human being, as admin:approve says too. A caller's first key
    decides for life; people have no debit:write."""

    certificate: str | None = None
    """On the host: make no token; whoever shows a TLS certificate of this identity is the caller.
    It is the first URI among the alternative names, else the first DNS name, else the common
    name."""


NEW_KEY: Final = NewKeyOptions()
SUCCESSOR: Final = SuccessorOptions()


@app.command
async def create(
    caller: str, scopes: str, *, options: NewKeyOptions = NEW_KEY, where: HostOptions = ON_HOST
) -> None:
    """Make a key and show it, once.

    With --url, --key-file or LEDGER_URL it is made over the API, for a service and without scopes
    of administration; otherwise on the host, in the database.

    Parameters
    ----------
    caller
        The named caller that the key belongs to.
    scopes
        Comma-separated: wallet:read, debit:write, order:write, finance:read; on the host also
        credit:write, admin:write, admin:approve.
    """
    wanted = sorted({scope.strip() for scope in scopes.split(",") if scope.strip()})
    if where.is_over_api:
        _check_not_for_host(wanted, options)
    why, expires_in_s = _why(where, options.reason), _lifetime_s(options.expires_in_days)
    # The file is made first: a key that cannot be put anywhere is not made.
    with new_file(options.out) as keep:
        async with open_session_or_host(where) as session:
            if where.is_over_api:
                call = session.client.create_key(
                    caller, wanted, reason=why, expires_in_s=expires_in_s
                )
                made: MadeKey | Key = await session.change_once(call)
            else:
                made = await _host_client(session).create_any_key(
                    caller,
                    wanted,
                    reason=why,
                    person=options.person,
                    certificate=options.certificate,
                    expires_in_s=expires_in_s,
                )
            show_made(session, made, options.out, keep)


def _check_not_for_host(scopes: Sequence[str], options: NewKeyOptions) -> None:
    if options.person or options.certificate is not None or HOST_SCOPES & set(scopes):
        raise CommandError(
            "keys of people, of certificates, and those with "
            f"{', '.join(sorted(HOST_SCOPES))} are made on the host. {_ON_HOST}. Nothing was done"
        )


@app.command(name="list")
async def list_(*, caller: str | None = None, where: HostOptions = ON_HOST) -> None:
    """List keys, newest first; the keys themselves are kept nowhere.

    Parameters
    ----------
    caller
        Those of this caller.
    """
    async with open_session_or_host(where) as session:
        client = session.client
        keys = await listing(
            lambda limit, after: client.keys_page(caller=caller, limit=limit, after=after)
        )
        session.show(keys, lambda screen, keys: show_keys(screen, keys.items))


@app.command
async def rotate(
    key_id: Id,
    *,
    overlap_hours: float = 24,
    options: SuccessorOptions = SUCCESSOR,
    where: HostOptions = ON_HOST,
) -> None:
    """Make a key's successor, with the same scopes, and show it, once.

    Over the API: of a service's key without scopes of administration, or of the key you call with.

    Parameters
    ----------
    overlap_hours
        For how long the old key still works: 0 to 720.
    """
    if not 0 <= overlap_hours <= _OVERLAP_HOURS_MAX:
        raise CommandError(f"an overlap has 0 to {_OVERLAP_HOURS_MAX} hours")
    why, expires_in_s = _why(where, options.reason), _lifetime_s(options.expires_in_days)
    with new_file(options.out) as keep:
        async with open_session_or_host(where) as session:
            call = session.client.rotate_key(
                key_id,
                reason=why,
                overlap_s=round(overlap_hours * _HOUR_S),
                expires_in_s=expires_in_s,
            )
            show_made(session, await session.change_once(call), options.out, keep)


@app.command
async def revoke(
    key_id: Id, *, reason: str | None = None, yes: Yes = False, where: HostOptions = ON_HOST
) -> None:
    """Revoke a key; once this returns, every process refuses it. Over the API it asks first.

    Parameters
    ----------
    reason
        Why, for the audit list. Over the API it must be said.
    yes
        Do not ask.
    """
    why = _why(where, reason)
    async with open_session_or_host(where) as session:
        # Scripts on the host were never asked.
        confirm(session.screen, f"Revoke {key_id} for good?", yes=yes or not where.is_over_api)
        key = await session.change_once(session.client.revoke_key(key_id, reason=why))
        session.show(key, lambda screen, key: show_keys(screen, [key]))


@app.command
async def limit(
    caller: Id,
    *,
    rate_per_s: int | None = None,
    burst: int | None = None,
    none: Flag = False,
    reason: str | None = None,
    where: HostOptions = ON_HOST,
) -> None:
    """Limit how many commands a caller may send, by all its keys together.

    Parameters
    ----------
    caller
        The caller, by name.
    rate_per_s
        How many a second for long, to each process of the service.
    burst
        How many at once after a rest; by default as many as a second.
    none
        Lift the limit.
    reason
        Why, for the audit list. Over the API it must be said.
    """
    if none == (rate_per_s is not None) or (none and burst is not None):
        raise CommandError("say --rate-per-s, perhaps with --burst, or --none for no limit")
    why = _why(where, reason)
    async with open_session_or_host(where) as session:
        call = session.client.limit_caller(
            caller,
            reason=why,
            rate_per_s=rate_per_s,
            burst=rate_per_s if burst is None else burst,
        )
        session.show(await session.change_once(call), show_caller)


def _why(where: HostOptions, reason: str | None) -> str:
    if where.is_over_api and reason is None:
        raise CommandError(f"over the API, say why: --reason TEXT. {_ON_HOST}. Nothing was done")
    return "none given" if reason is None else reason


def _lifetime_s(days: float | None) -> int | None:
    if days is None:
        return None
    seconds = round(days * _DAY_S)
    if not 0 < seconds <= _DAYS_MAX * _DAY_S:
        raise CommandError(f"a key lives for a part of a day at least, at most {_DAYS_MAX} days")
    return seconds


def _host_client(session: Session) -> "HostClient":
    # What works on the database brings all of the ledger with it.
    from ledger.cli.host import HostClient  # noqa: PLC0415

    assert isinstance(session.client, HostClient)
    return session.client
