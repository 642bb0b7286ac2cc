"""`ledger hold …`: value that is set aside for a job."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from cyclopts import App

from ledger.cli.admin.connection_options import (
    CHANGING,
    HERE,
    ChangeOptions,
    ConnectionOptions,
    Id,
)
from ledger.cli.admin.finding import wallet_of
from ledger.cli.admin.session import listing, open_session
from ledger.cli.admin.takes import price_text, show_takes
from ledger.cli.screen import Screen, amount, columns
from ledger.cli.texts import NOTHING, moment, money, stated, when
from ledger.client.results import Hold

app: Final = App(name="hold", help="Look at holds, void them, let them expire later.")


@app.command(name="list")
async def list_(wallet_id: Id, *, where: ConnectionOptions = HERE) -> None:
    """List a wallet's open holds, oldest first."""
    async with open_session(where) as session:
        client = session.client
        holds = await listing(
            lambda limit, after: client.open_holds_page(wallet_id, limit=limit, after=after)
        )
        session.show(holds, lambda screen, holds: _show_page(screen, holds.items))


@app.command
async def show(hold_id: Id, *, wallet: Id | None = None, where: ConnectionOptions = HERE) -> None:
    """Show a hold, open or closed.

    Parameters
    ----------
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "hold", hold_id, wallet)
        session.show(await session.client.read_hold(wallet_id, hold_id), _show_hold)


@app.command
async def void(hold_id: Id, *, wallet: Id | None = None, where: ChangeOptions = CHANGING) -> None:
    """Give an open hold back to the lots that it came from.

    Parameters
    ----------
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "hold", hold_id, wallet)
        hold = await session.change(
            where.idempotency_key,
            partial(session.client.void, wallet_id, hold_id),
        )
        session.show(hold, _show_hold)


@app.command
async def extend(
    hold_id: Id, *, expires_in_s: int, wallet: Id | None = None, where: ChangeOptions = CHANGING
) -> None:
    """Let an open hold expire at another time.

    Parameters
    ----------
    expires_in_s
        So many seconds from now, 1 to 604800.
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "hold", hold_id, wallet)
        hold = await session.change(
            where.idempotency_key,
            partial(session.client.extend, wallet_id, hold_id, expires_in_s),
        )
        session.show(hold, _show_hold)


def show_holds(screen: Screen, holds: Sequence[Hold]) -> None:
    """Open holds as a table."""
    heads = columns("hold", amount("amount"), "currency", "reference", "expires (+08, UTC)")
    rows = [
        (
            hold.hold_id,
            str(hold.amount),
            hold.currency,
            hold.reference or NOTHING,
            moment(hold.expires_at),
        )
        for hold in holds
    ]
    screen.table(heads, rows, title="open holds")


def _show_page(screen: Screen, holds: Sequence[Hold]) -> None:
    show_holds(screen, holds)
    if not holds:
        screen.note("The wallet has no open holds.")


def _show_hold(screen: Screen, hold: Hold) -> None:
    screen.facts(
        [
            *stated(hold_id=hold.hold_id, wallet_id=hold.wallet_id, status=hold.status),
            ("amount", money(hold.amount, hold.currency)),
            ("authorized", when(hold.authorized_at)),
            ("expires", when(hold.expires_at)),
            *stated(
                reference=hold.reference,
                price=price_text(hold.quote),
                charge_id=hold.charge_id,
                captured=hold.captured,
            ),
        ]
    )
    show_takes(screen, "from lot", hold.takes)
