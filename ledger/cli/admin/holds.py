"""`ledger hold …`: value that is set aside for a job."""

from collections.abc import Mapping
from typing import Any, Final

from cyclopts import App

from ledger.cli.admin.connection_options import CHANGING, HERE, ChangeOptions, ConnectionOptions
from ledger.cli.admin.finding import wallet_of
from ledger.cli.admin.layout import amount, columns
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import open_session, wallet_path
from ledger.cli.admin.texts import facts_of, money, when
from ledger.cli.admin.wallets import show_holds

app: Final = App(name="hold", help="Look at holds, void them, let them expire later.")


@app.command(name="list")
async def list_(wallet_id: str, *, where: ConnectionOptions = HERE) -> None:
    """List a wallet's open holds, oldest first."""
    async with open_session(where) as session:
        body = await session.pages(wallet_path(wallet_id, "holds"), None)
        session.show(body, _show_page)


@app.command
async def show(hold_id: str, *, wallet: str | None = None, where: ConnectionOptions = HERE) -> None:
    """Show a hold, open or closed.

    Parameters
    ----------
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "hold", hold_id, wallet)
        session.show(await session.get(wallet_path(wallet_id, "holds", hold_id)), show_hold)


@app.command
async def void(hold_id: str, *, wallet: str | None = None, where: ChangeOptions = CHANGING) -> None:
    """Give an open hold back to the lots that it came from.

    Parameters
    ----------
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "hold", hold_id, wallet)
        path = wallet_path(wallet_id, "holds", hold_id, "void")
        session.show(await session.post(path, key=where.idempotency_key), show_hold)


@app.command
async def extend(
    hold_id: str, *, expires_in_s: int, wallet: str | None = None, where: ChangeOptions = CHANGING
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
        path = wallet_path(wallet_id, "holds", hold_id, "extend")
        given = {"expires_in_s": expires_in_s}
        session.show(await session.post(path, given, key=where.idempotency_key), show_hold)


def show_hold(screen: Screen, body: Mapping[str, Any]) -> None:
    """A hold, and the lots that it has set aside."""
    screen.facts(
        [
            *facts_of(body, ("hold_id", "wallet_id", "status")),
            ("amount", money(body["amount"], body["currency"])),
            ("authorized", when(body["authorized_at"])),
            ("expires", when(body["expires_at"])),
            *facts_of(body, ("reference", "quote", "charge_id", "captured")),
        ]
    )
    takes = [(take["lot_id"], take["amount"]) for take in body["takes"]]
    screen.table(columns("from lot", amount("amount")), takes)


def _show_page(screen: Screen, body: Mapping[str, Any]) -> None:
    show_holds(screen, body["items"])
    if not body["items"]:
        screen.note("The wallet has no open holds.")
