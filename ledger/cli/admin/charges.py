"""`ledger charge …`: what was charged, why it cost what it did, and giving it back."""

from collections.abc import Mapping
from typing import Any, Final

from cyclopts import App

from ledger.cli.admin.connection_options import CHANGING, HERE, ChangeOptions, ConnectionOptions
from ledger.cli.admin.finding import wallet_of
from ledger.cli.admin.layout import amount, columns
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import open_session, wallet_path
from ledger.cli.admin.texts import facts_of, money, when

app: Final = App(name="charge", help="Look at charges, explain them, refund them.")
app.command(
    "ledger.cli.admin.explaining:explain_charge",
    name="explain",
    help="Explain a charge: what it took, what that had cost, what it earned.",
)


@app.command
async def show(
    charge_id: str, *, wallet: str | None = None, where: ConnectionOptions = HERE
) -> None:
    """Show a charge, and what was refunded of it.

    Parameters
    ----------
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "charge", charge_id, wallet)
        session.show(await session.get(wallet_path(wallet_id, "charges", charge_id)), show_charge)


@app.command
async def refund(
    charge_id: str,
    *,
    reason: str,
    amount: str | None = None,
    wallet: str | None = None,
    where: ChangeOptions = CHANGING,
) -> None:
    """Give a charge back, to the lots that it took from.

    Parameters
    ----------
    amount
        So much; all that is not yet refunded where this is left out.
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "charge", charge_id, wallet)
        path = wallet_path(wallet_id, "charges", charge_id, "refund")
        given = {"reason": reason, "amount": amount}
        session.show(await session.post(path, given, key=where.idempotency_key), _show_refund)


def show_charge(screen: Screen, body: Mapping[str, Any]) -> None:
    """A charge, and the lots that it took from."""
    screen.facts(
        [
            *facts_of(body, ("charge_id", "wallet_id", "hold_id")),
            ("amount", money(body["amount"], body["currency"])),
            ("refunded", money(body["refunded"], body["currency"])),
            ("charged", when(body["charged_at"])),
            *facts_of(body, ("reference", "quote")),
        ]
    )
    takes = [(take["lot_id"], take["amount"]) for take in body["takes"]]
    screen.table(columns("from lot", amount("amount")), takes)


def _show_refund(screen: Screen, body: Mapping[str, Any]) -> None:
    now = money(body["refunded_now"], body["currency"])
    screen.say(f"{now} of charge {body['charge_id']} went back to {body['wallet_id']}.")
    screen.facts(
        [
            ("refunded so far", money(body["refunded"], body["currency"])),
            ("of", money(body["amount"], body["currency"])),
            ("available now", money(body["available_after"], body["currency"])),
        ]
    )
