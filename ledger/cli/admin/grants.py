"""`ledger grant`: points without payment."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from cyclopts import Parameter

from ledger.cli.admin.connection_options import CHANGING, Amount, ChangeOptions, Id
from ledger.cli.admin.session import open_session
from ledger.cli.screen import Screen
from ledger.cli.texts import instant, money, stated, when
from ledger.client.results import Grant


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
    wallet_id: Id,
    currency: str,
    amount: Amount,
    *,
    why: Why,
    where: ChangeOptions = CHANGING,
) -> None:
    """Give a wallet points without payment, within the caller's daily cap; above it, adjust."""
    expires_at = None if why.expires_at is None else instant(why.expires_at)
    async with open_session(where) as session:
        granted = await session.change(
            where.idempotency_key,
            partial(
                session.client.grant,
                wallet_id,
                currency,
                amount,
                source=why.source,
                reason=why.reason,
                expires_at=expires_at,
            ),
        )
        session.show(granted, _show)


def _show(screen: Screen, granted: Grant) -> None:
    screen.facts(
        [
            *stated(wallet_id=granted.wallet_id, lot_id=granted.lot_id, source=granted.source),
            ("granted", money(granted.amount, granted.currency)),
            ("at", when(granted.granted_at)),
            ("expires", when(granted.expires_at, "never")),
        ]
    )
