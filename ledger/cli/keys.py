"""A key that was chosen elsewhere, such as the development key, put into the database."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ledger.access.callers import digest_key
from ledger.store import keys
from ledger.store.callers import add_caller
from ledger.store.pool import Connection


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
