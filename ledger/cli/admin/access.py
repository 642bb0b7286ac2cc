"""`ledger caller …` and `ledger apikey …`: who may call the ledger, by which keys."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Flag
from ledger.cli.admin.layout import amount, columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import open_session, path
from ledger.cli.admin.texts import NOTHING, Cell, facts_of, moment, when
from ledger.cli.command_error import CommandError

callers: Final = App(name="caller", help="Callers: who there is, and how much each may send.")
keys: Final = App(
    name="apikey", help="API keys, over the API; `ledger key` works on the host, in the database."
)

Yes = Annotated[Flag, Parameter(alias="-y")]


@callers.command
async def me(*, where: ConnectionOptions = HERE) -> None:
    """Show who you are to the ledger, and what your key allows."""
    async with open_session(where) as session:
        body = await session.get(path("v1", "callers", "me"))
        names = ("caller", "kind", "key_id", "scopes", "rate_per_s", "burst")
        session.show(body, lambda screen, caller: screen.facts(facts_of(caller, names)))


@callers.command(name="list")
async def list_callers(*, where: ConnectionOptions = HERE) -> None:
    """List callers, by name."""
    async with open_session(where) as session:
        body = await session.pages(path("v1", "callers"), None)
        session.show(body, _show_callers)


@callers.command
async def rate(
    caller: str,
    *,
    reason: str,
    rate_per_s: int | None = None,
    burst: int | None = None,
    where: ConnectionOptions = HERE,
) -> None:
    """Limit how much a caller may send; with neither number, lift the limit.

    Parameters
    ----------
    rate_per_s
        Commands a second, for long.
    burst
        Commands at once, after a rest.
    """
    given = {"rate_per_s": rate_per_s, "burst": burst, "reason": reason}
    async with open_session(where) as session:
        body = await session.post_once(path("v1", "callers", caller, "rate"), given)
        session.show(body, _show_caller)


@keys.command(name="list")
async def list_keys(*, caller: str | None = None, where: ConnectionOptions = HERE) -> None:
    """List keys, newest first; the keys themselves are kept nowhere.

    Parameters
    ----------
    caller
        Those of this caller.
    """
    async with open_session(where) as session:
        body = await session.pages(path("v1", "keys"), None, caller=caller)
        session.show(body, _show_keys)


@keys.command
async def create(
    caller: str,
    scopes: str,
    *,
    reason: str,
    expires_in_s: int | None = None,
    out: Path | None = None,
    where: ConnectionOptions = HERE,
) -> None:
    """Make a key for a service. It is shown this once.

    Parameters
    ----------
    scopes
        Comma-separated: wallet:read, debit:write, order:write, finance:read.
    expires_in_s
        When it stops working by itself; never by default.
    out
        Write the key to this new file, readable by you alone, instead of showing it.
    """
    given = {
        "caller": caller,
        "scopes": [scope.strip() for scope in scopes.split(",") if scope.strip()],
        "reason": reason,
        "expires_in_s": expires_in_s,
    }
    await _make_key(path("v1", "keys"), given, out, where)


@keys.command
async def rotate(
    key_id: str,
    *,
    reason: str,
    overlap_s: int | None = None,
    expires_in_s: int | None = None,
    out: Path | None = None,
    where: ConnectionOptions = HERE,
) -> None:
    """Make a key's successor, with the same scopes; your own key's too. It is shown this once.

    Parameters
    ----------
    overlap_s
        For how long the old key still works; a day by default.
    expires_in_s
        When the new one stops working by itself; by default when the old one was to.
    out
        Write the key to this new file, readable by you alone, instead of showing it.
    """
    given = {"reason": reason, "overlap_s": overlap_s, "expires_in_s": expires_in_s}
    await _make_key(path("v1", "keys", key_id, "rotate"), given, out, where)


@keys.command
async def revoke(
    key_id: str, *, reason: str, yes: Yes = False, where: ConnectionOptions = HERE
) -> None:
    """Revoke a key; once this returns, every process refuses it.

    Parameters
    ----------
    yes
        Do not ask.
    """
    async with open_session(where) as session:
        confirm(session.screen, f"Revoke {key_id} for good?", yes=yes)
        body = await session.post_once(path("v1", "keys", key_id, "revoke"), {"reason": reason})
        session.show(body, _show_key)


async def _make_key(
    call_path: str, given: Mapping[str, object], out: Path | None, where: ConnectionOptions
) -> None:
    # The file is made first: a key that cannot be put anywhere is not made.
    with _new_file(out) as keep:
        async with open_session(where) as session:
            body = await session.post_once(call_path, given)
            if out is not None:
                keep(body.pop("key"))
            session.show(body, _show_new_key)
            if out is not None:
                session.screen.note(f"The key is in {out}.")


@contextmanager
def _new_file(out: Path | None) -> Iterator[Callable[[str], None]]:
    """A function that writes a key to the new file `out`; if none was written, no file is left.

    Raises CommandError if the file exists.
    """
    if out is None:
        yield lambda _: None
        return
    try:
        target = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{out} exists; a key goes to a new file") from None

    def keep(key: str) -> None:
        os.write(target, f"{key}\n".encode())
        os.fsync(target)

    try:
        yield keep
    finally:
        is_empty = os.fstat(target).st_size == 0
        os.close(target)
        if is_empty:
            out.unlink()


def _show_new_key(screen: Screen, body: Mapping[str, Any]) -> None:
    screen.facts(
        [
            *facts_of(body, ("key_id", "caller", "scopes")),
            ("expires", when(body["expires_at"], "never")),
            *facts_of(body, ("key",)),
        ]
    )
    if "key" in body:
        screen.note("The key is shown this once and kept nowhere.")


def _show_caller(screen: Screen, caller: Mapping[str, Any]) -> None:
    _show_callers(screen, {"items": [caller]})


def _show_callers(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns(
        "caller", "kind", amount("a second"), amount("at once"), "state", time("since (+08, UTC)")
    )
    rows = [
        (
            caller["caller"],
            caller["kind"],
            "no limit" if caller["rate_per_s"] is None else str(caller["rate_per_s"]),
            NOTHING if caller["burst"] is None else str(caller["burst"]),
            "stopped" if caller["stopped"] else "served",
            moment(caller["created_at"]),
        )
        for caller in body["items"]
    ]
    screen.table(heads, rows)


def _show_key(screen: Screen, key: Mapping[str, Any]) -> None:
    _show_keys(screen, {"items": [key]})


def _show_keys(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns(
        "key", "caller", "state", time("expires (+08, UTC)"), time("last used"), under("more")
    )
    screen.table(heads, [_key_row(key) for key in body["items"]])
    if not body["items"]:
        screen.note("There are no keys.")


def _key_row(key: Mapping[str, Any]) -> Sequence[Cell]:
    more = [
        ", ".join(key["scopes"]),
        *([f"{key['kind']} {key['label']}"] if key["label"] else []),
        f"made by {key['created_by']}" if key["created_by"] else "",
        f"replaced by {key['replaced_by']}" if key["replaced_by"] else "",
    ]
    return (
        key["key_id"],
        key["caller"],
        key["state"].replace("_", " "),
        moment(key["expires_at"], "never"),
        moment(key["last_used_at"], "never"),
        tuple(more),
    )
