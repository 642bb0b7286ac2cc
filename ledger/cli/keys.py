"""`ledger key …`: make, list, rotate and revoke API keys, and limit callers, at the database."""

import asyncio
import os
import pwd
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from rich.console import Console
from rich.table import Column, Table

from ledger.access.callers import KEY_CACHE_S, digest_key
from ledger.access.keys import (
    OVERLAP_MAX_S,
    By,
    MadeKey,
    WantedKey,
    create_key,
    revoke_key,
    rotate_key,
)
from ledger.access.rates import BURST_MAX, RATE_MAX
from ledger.cli.command_error import CommandError
from ledger.cli.database import settings_with_database
from ledger.contract.problems import problem_of
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.store import keys
from ledger.store.audit_log import NewAct, begin_act, conclude_act
from ledger.store.callers import add_caller, limit_caller
from ledger.store.pool import Connection, connect_service
from ledger.store.schema import read_facts

T = TypeVar("T")

_HOUR_S: Final = 3_600
_DAY_S: Final = 24 * _HOUR_S
_LIFE_MAX_S: Final = 36_500 * _DAY_S


def run_create(wanted: WantedKey, *, as_json: bool) -> None:
    """Make a key and print it, once."""
    _check_lifetime(wanted.lives_s)
    detail = {
        "scopes": sorted(wanted.scopes),
        "person": wanted.person,
        "certificate": wanted.certificate,
        "expires_in_s": wanted.lives_s,
    }

    async def create(connection: Connection, by: By) -> MadeKey | Rejection:
        return await create_key(connection, by, wanted)

    _show_made(_run_audited("createKey", wanted.caller, detail, create), as_json=as_json)


def run_rotate(
    key_id: str, overlap_hours: float, lifetime: timedelta | None, *, as_json: bool
) -> None:
    """Make a key's successor and print it, once."""
    overlap_s = overlap_hours * _HOUR_S
    if not 0 <= overlap_s <= OVERLAP_MAX_S:
        raise CommandError(f"an overlap has 0 to {OVERLAP_MAX_S // _HOUR_S} hours")
    lives_s = None if lifetime is None else lifetime.total_seconds()
    _check_lifetime(lives_s)

    async def rotate(connection: Connection, by: By) -> MadeKey | Rejection:
        return await rotate_key(connection, by, key_id, overlap_s, lives_s)

    made = _run_audited(
        "rotateKey", key_id, {"overlap_s": overlap_s, "expires_in_s": lives_s}, rotate
    )
    if overlap_s == 0:
        time.sleep(KEY_CACHE_S)
    _show_made(made, as_json=as_json)


def run_revoke(key_id: str) -> None:
    """Revoke a key and wait until every process has forgotten it."""

    async def revoke(connection: Connection, by: By) -> tuple[keys.KeyRow, bool] | Rejection:
        return await revoke_key(connection, by, key_id)

    row, was_in_force = _run_audited("revokeKey", key_id, {}, revoke)
    if not was_in_force:
        raise CommandError(f"there is no key {key_id} in force: see `ledger key list`")
    time.sleep(KEY_CACHE_S)
    Console().print(f"{key_id} of {row.caller} is revoked; every process refuses it now.")


def run_limit(caller: str, rate_per_s: int | None, burst: int | None, *, none: bool) -> None:
    """Limit how much a caller may send, or lift its limit."""
    if none == (rate_per_s is not None) or (none and burst is not None):
        raise CommandError("say --rate-per-s, perhaps with --burst, or --none for no limit")
    burst = rate_per_s if burst is None else burst
    if not none and not (1 <= (rate_per_s or 0) <= RATE_MAX and 1 <= (burst or 0) <= BURST_MAX):
        raise CommandError(
            f"--rate-per-s is from 1 to {RATE_MAX}, and --burst from 1 to {BURST_MAX}"
        )

    async def limit(connection: Connection, by: By) -> Rejection | None:
        del by
        if await limit_caller(connection, caller, rate_per_s, burst):
            return None
        return rejected(Reason.CALLER_NOT_FOUND, caller=caller)

    _run_audited("limitCaller", caller, {"rate_per_s": rate_per_s, "burst": burst}, limit)
    if none:
        Console().print(f"{caller} may send as much as it likes.")
    else:
        Console().print(
            f"{caller} may send {rate_per_s} commands a second to each process, {burst} at once; "
            "within a second every process knows."
        )


def run_list(*, as_json: bool) -> None:
    """Print all keys."""
    rows = asyncio.run(_list())
    if as_json:
        print(msgspec.json.encode(rows).decode())
        return
    table = Table(Column("key and caller", overflow="fold"), "scopes", "state")
    for row in rows:
        whose = row.caller if row.caller_kind == "service" else f"{row.caller} ({row.caller_kind})"
        shown = [row.key_id, whose, *([row.label] if row.label else [])]
        table.add_row("\n".join(shown), "\n".join(row.scopes), "\n".join(_state_lines(row)))
    Console().print(table)


async def add_token(
    connection: Connection,
    row: tuple[str, str, str, Sequence[str], datetime | None],
    kind: keys.CallerKind = "service",
) -> None:
    """Store a key that was chosen elsewhere; `row` is (key id, caller, key, scopes, expiry).

    Only its digest is stored. A caller that exists keeps its kind.
    """
    key_id, caller, token, scopes, expires_at = row
    pepper = await keys.read_secret(connection, "api-key-pepper")
    left = None if expires_at is None else expires_at - datetime.now(UTC)
    new = keys.NewKey(
        key_id=key_id,
        caller=caller,
        caller_kind=await add_caller(connection, caller, kind),
        digest=digest_key(pepper, token),
        scopes=scopes,
        lives_s=None if left is None else left.total_seconds(),
    )
    await keys.add_key(connection, new)


def _check_lifetime(lives_s: float | None) -> None:
    if lives_s is not None and not 0 < lives_s <= _LIFE_MAX_S:
        raise CommandError(
            f"a key must live for at least a day, and for at most {_LIFE_MAX_S // _DAY_S}"
        )


def _run_audited(
    operation: str,
    subject: str,
    detail: Mapping[str, Any],
    work: Callable[[Connection, By], Awaitable[T | Rejection]],
) -> T:
    """Run `work` on the database, and record it in the audit log under the operating system's user.

    Raises CommandError, with the detail that callers of the API see, where it is refused.
    """
    done = asyncio.run(_audited(operation, subject, detail, work))
    if isinstance(done, Rejection):
        if done.reason is Reason.CALLER_NOT_FOUND:
            # Who is on the host has no key to ask the API with.
            raise CommandError(f"there is no caller {subject}: see `ledger key list`")
        raise CommandError(problem_of(done, {}).detail)
    return done


async def _audited(
    operation: str,
    subject: str,
    detail: Mapping[str, Any],
    work: Callable[[Connection, By], Awaitable[T | Rejection]],
) -> T | Rejection:
    # By the user id of the process: variables of the environment say what one likes.
    by = By(f"host:{pwd.getpwuid(os.getuid()).pw_name}")
    with settings_with_database() as settings:
        assert settings.database_url is not None
        connection = await connect_service(settings.database_url)
        try:
            await read_facts(connection)
            act_id = await begin_act(connection, NewAct(by.name, operation, subject, detail))
            done = await work(connection, by)
            await conclude_act(connection, act_id, _status_of(done))
            return done
        finally:
            await connection.close()


def _status_of(done: object) -> int:
    if isinstance(done, Rejection):
        return problem_of(done, {}).status
    return 201 if isinstance(done, MadeKey) else 200


def _show_made(made: MadeKey, *, as_json: bool) -> None:
    row = made.row
    if as_json:
        answer = {
            "key_id": row.key_id,
            "caller": row.caller,
            "kind": row.caller_kind,
            "scopes": row.scopes,
            "expires_at": row.expires_at,
            "certificate": row.label,
            "key": made.token,
        }
        print(msgspec.json.encode(answer).decode())
        return
    console = Console(soft_wrap=True)
    if made.token is None:
        console.print(f"{row.key_id} of {row.caller}: whoever shows a certificate of {row.label}.")
    else:
        console.print(f"{row.key_id} of {row.caller}; it is shown this once and kept nowhere:")
        console.print(made.token, highlight=False)


def _state_lines(row: keys.KeyRow) -> list[str]:
    ends = "" if row.expires_at is None else f" {_time(row.expires_at)}"
    match row.state:
        case "revoked":
            assert row.revoked_at is not None
            state = f"revoked {_time(row.revoked_at)}"
        case "expired":
            state = f"expired{ends}"
        case "in_force":
            state = f"in force until{ends}" if ends else "in force"
    used = "never used" if row.last_used_at is None else f"last used {_time(row.last_used_at)}"
    successor = [f"now {row.replaced_by}"] if row.replaced_by else []
    return [state, used, *successor]


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"


async def _list() -> list[keys.KeyRow]:
    with settings_with_database() as settings:
        assert settings.database_url is not None
        connection = await connect_service(settings.database_url)
        try:
            await read_facts(connection)
            return await keys.list_keys(connection)
        finally:
            await connection.close()
