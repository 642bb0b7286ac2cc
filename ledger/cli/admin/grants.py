"""`ledger grant`: points without payment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cyclopts import Parameter

from ledger.cli.admin.connection_options import CHANGING, ChangeOptions
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import open_session, wallet_path
from ledger.cli.admin.texts import facts_of, money, when


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Why:
    """What every grant must say beside its amount."""

    source: Literal["promotional", "compensation"]
    """Why the points are free: to promote something, or to make up for something."""

    reason: str
    """Why, for people: 1 to 200 characters."""

    expires_at: str | None = None
    """When they expire, such as 2026-03-01T09:00:00+08:00; never by default."""


async def grant(
    wallet_id: str,
    currency: str,
    amount: str,
    *,
    why: Why,
    where: ChangeOptions = CHANGING,
) -> None:
    """Give a wallet points without payment, within the caller's daily cap; above it, adjust."""
    given = {
        "currency": currency,
        "amount": amount,
        "source": why.source,
        "reason": why.reason,
        "expires_at": why.expires_at,
    }
    async with open_session(where) as session:
        grants_path = wallet_path(wallet_id, "grants")
        session.show(await session.post(grants_path, given, key=where.idempotency_key), _show)


def _show(screen: Screen, body: Mapping[str, Any]) -> None:
    screen.facts(
        [
            *facts_of(body, ("wallet_id", "lot_id", "source")),
            ("granted", money(body["amount"], body["currency"])),
            ("at", when(body["granted_at"])),
            ("expires", when(body["expires_at"], "never")),
        ]
    )
