"""Keys: who may make which, and how they are rotated and revoked; the same for every edge."""

import re
import secrets
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from ledger.access.callers import SCOPES, Caller, digest_identity, digest_key
from ledger.core.ids import ID_PATTERN
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.engine.reading import Reading
from ledger.store import callers, keys
from ledger.store.keys import CallerKind, KeyRow, NewKey
from ledger.store.pool import Connection

HOST_SCOPES: Final = frozenset({"admin:write", "admin:approve", "credit:write"})
"""Scopes that only a command on the server gives: to administer, to approve, to grant points.

The cap on grants is by caller: whoever could make callers that grant could multiply the cap.
"""

SCOPES_OF: Final[Mapping[CallerKind, frozenset[str]]] = {
    "service": SCOPES - {"admin:approve"},
    "person": SCOPES - {"debit:write"},
    "development": SCOPES,
}
"""Scopes by kind of caller: no person charges for generations, no program approves."""

RESERVED: Final = ("channel:", "ledger:", "approval:", "host:")
"""Prefixes of the names that the ledger itself acts under; no caller may have one."""

OVERLAP_MAX_S: Final = 30 * 86_400
"""For how many seconds at most a rotated key works beside its successor."""

_NAME: Final = re.compile(ID_PATTERN, re.ASCII)
_IDENTITY: Final = re.compile(r"[^\x00-\x1f\x7f]{1,512}")
_PREFIXES: Final[Mapping[CallerKind, str]] = {
    "service": "lk_",
    "person": "lp_",
    "development": "dev_",
}


class By(Struct, frozen=True):
    """Who asks; `caller` is None for a command on the server, which may do everything."""

    name: str
    caller: Caller | None = None


class WantedKey(Struct, frozen=True, kw_only=True):
    """The key that is asked for.

    The caller's kind is fixed by its first key: `person` says it, and admin:approve implies it.
    `certificate` is the identity that shows itself in place of a token; `lives_s` None is for ever.
    """

    caller: str
    scopes: frozenset[str]
    person: bool = False
    certificate: str | None = None
    lives_s: float | None = None


class MadeKey(Struct, frozen=True):
    """A key that was made; `token` is never stored, and None for a certificate."""

    row: KeyRow
    token: str | None


class Keys:
    """The API keys of one ledger, for callers over the network. All raise Unavailable."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def list(self, caller: str | None = None) -> list[KeyRow]:
        """The keys of a caller, or of all."""
        async with self._reading() as connection:
            return await keys.list_keys(connection, caller)

    async def create(self, by: By, wanted: WantedKey) -> MadeKey | Rejection:
        """Make a key, as `create_key`."""
        async with self._reading() as connection:
            return await create_key(connection, by, wanted)

    async def rotate(
        self, by: By, key_id: str, overlap_s: float, lives_s: float | None
    ) -> MadeKey | Rejection:
        """Make a key's successor, as `rotate_key`."""
        async with self._reading() as connection:
            return await rotate_key(connection, by, key_id, overlap_s, lives_s)

    async def revoke(self, by: By, key_id: str) -> tuple[KeyRow, bool] | Rejection:
        """Revoke a key, as `revoke_key`."""
        async with self._reading() as connection:
            return await revoke_key(connection, by, key_id)


async def create_key(connection: Connection, by: By, wanted: WantedKey) -> MadeKey | Rejection:
    """Make a key, and its caller if it has none yet."""
    async with connection.transaction():
        existing = await callers.list_callers(connection, wanted.caller)
        refused = _malformed_field(wanted, known=bool(existing))
        if refused is not None:
            return refused
        kind = existing[0].kind if existing else _first_kind(wanted)
        refused = _not_for_kind(wanted, kind) or _may_not_create(by, kind, wanted.scopes)
        if refused is not None:
            return refused
        if await callers.add_caller(connection, wanted.caller, kind) != kind:
            return _other_kind(wanted.caller, "another kind of caller")
        return await _add(connection, by, kind, wanted)


async def rotate_key(
    connection: Connection, by: By, key_id: str, overlap_s: float, lives_s: float | None = None
) -> MadeKey | Rejection:
    """Make a key's successor, with the same scopes; the old one goes on for the overlap.

    The new one lives as long as the old one was to, unless `lives_s` is given.
    """
    if by.caller is not None and not by.caller.is_person:
        return rejected(Reason.KEYS_ARE_PEOPLES, action="rotated")
    async with connection.transaction():
        row = await keys.lock_key(connection, key_id)
        if row is None:
            return rejected(Reason.KEY_NOT_FOUND, key_id=key_id)
        lived_s = None if row.expires_at is None else (row.expires_at - row.created_at)
        lifetime_s = None if lived_s is None else lived_s.total_seconds()
        refused = _may_not_rotate(by, row, lifetime_s, lives_s) or _not_rotatable(row)
        if refused is not None:
            return refused
        wanted = WantedKey(
            caller=row.caller,
            scopes=frozenset(row.scopes),
            lives_s=lifetime_s if lives_s is None else lives_s,
        )
        made = await _add(connection, by, row.caller_kind, wanted)
        if isinstance(made, MadeKey):
            await keys.replace_key(connection, key_id, made.row.key_id, overlap_s)
        return made


async def revoke_key(
    connection: Connection, by: By, key_id: str
) -> tuple[KeyRow, bool] | Rejection:
    """Revoke a key: the key, and whether it was in force until now.

    Processes cache it for KEY_CACHE_S seconds more: wait for that long before saying it is revoked.
    """
    if by.caller is not None and not by.caller.is_person:
        return rejected(Reason.KEYS_ARE_PEOPLES, action="revoked")
    revoked = await keys.revoke_key(connection, key_id)
    rows = await keys.list_keys(connection, key_id=key_id)
    if not rows:
        return rejected(Reason.KEY_NOT_FOUND, key_id=key_id)
    return rows[0], revoked is not None


async def _add(
    connection: Connection, by: By, kind: CallerKind, wanted: WantedKey
) -> MadeKey | Rejection:
    pepper = await keys.read_secret(connection, "api-key-pepper")
    token = f"{_PREFIXES[kind]}{secrets.token_urlsafe(32)}"
    identity = wanted.certificate
    new = NewKey(
        key_id=f"key-{secrets.token_hex(8)}",
        caller=wanted.caller,
        caller_kind=kind,
        digest=digest_key(pepper, token) if identity is None else digest_identity(pepper, identity),
        scopes=sorted(wanted.scopes),
        kind="token" if identity is None else "certificate",
        label=identity,
        created_by=by.name,
        lives_s=wanted.lives_s,
    )
    if not await keys.add_key(connection, new):
        return rejected(Reason.CERTIFICATE_TAKEN, field="certificate", identity=identity)
    (row,) = await keys.list_keys(connection, key_id=new.key_id)
    return MadeKey(row, token if identity is None else None)


def _malformed_field(wanted: WantedKey, *, known: bool) -> Rejection | None:
    unknown = sorted(wanted.scopes - SCOPES)
    if unknown or not wanted.scopes:
        fault = f"unknown scopes {', '.join(unknown)}" if unknown else "no scope was asked for"
        there_are = ", ".join(sorted(SCOPES))
        return rejected(Reason.SCOPES_UNKNOWN, field="scopes", fault=fault, known=there_are)
    if not known and (not _NAME.fullmatch(wanted.caller) or wanted.caller.startswith(RESERVED)):
        reserved = ", ".join(RESERVED)
        return rejected(Reason.CALLER_NAME_MALFORMED, field="caller", reserved=reserved)
    if wanted.certificate is not None and not _IDENTITY.fullmatch(wanted.certificate):
        return rejected(Reason.CERTIFICATE_MALFORMED, field="certificate")
    return None


def _first_kind(wanted: WantedKey) -> CallerKind:
    return "person" if wanted.person or "admin:approve" in wanted.scopes else "service"


def _not_for_kind(wanted: WantedKey, kind: CallerKind) -> Rejection | None:
    if wanted.person and kind == "service":
        return _other_kind(wanted.caller, "a service")
    beyond = ", ".join(sorted(wanted.scopes - SCOPES_OF[kind]))
    if not beyond:
        return None
    return rejected(
        Reason.SCOPES_NOT_FOR_KIND, field="scopes", name=wanted.caller, kind=kind, beyond=beyond
    )


def _other_kind(name: str, kind: str) -> Rejection:
    return rejected(Reason.CALLER_OF_ANOTHER_KIND, field="caller", name=name, kind=kind)


def _may_not_create(by: By, kind: CallerKind, scopes: frozenset[str]) -> Rejection | None:
    if by.caller is None:
        return None
    if not by.caller.is_person:
        return rejected(Reason.KEYS_ARE_PEOPLES, action="made")
    if kind == "service" and not scopes & HOST_SCOPES:
        return None
    return rejected(Reason.KEY_MADE_ON_HOST)


def _may_not_rotate(
    by: By, row: KeyRow, lifetime_s: float | None, lives_s: float | None
) -> Rejection | None:
    if by.caller is None:
        return None
    if by.caller.key_id == row.key_id:
        if lives_s is None or lifetime_s is None or lives_s <= lifetime_s:
            return None
        return rejected(
            Reason.KEY_OUTLIVES_ITS_OWN, lifetime_s=round(lifetime_s), lives_s=round(lives_s)
        )
    if "admin:write" not in by.caller.scopes:
        return rejected(Reason.KEY_IS_ANOTHERS, scope="admin:write")
    if row.caller_kind == "service" and not frozenset(row.scopes) & HOST_SCOPES:
        return None
    return rejected(Reason.KEY_ROTATED_ON_HOST)


def _not_rotatable(row: KeyRow) -> Rejection | None:
    if row.state != "in_force":
        why = f"it is {row.state}: create a new one"
    elif row.replaced_by is not None:
        why = f"{row.replaced_by} has replaced it already: rotate that one"
    elif row.kind == "certificate":
        why = "it is a certificate: its issuer renews it under the same identity"
    else:
        return None
    return rejected(
        Reason.KEY_NOT_ROTATABLE,
        state=row.state,
        replaced_by=row.replaced_by,
        key_id=row.key_id,
        why=why,
    )
