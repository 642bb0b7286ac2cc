"""`ledger charge …`: what was charged, why it cost what it did, and giving it back."""

from functools import partial
from typing import Final

from cyclopts import App

from ledger.cli.admin.connection_options import (
    CHANGING,
    HERE,
    Amount,
    ChangeOptions,
    ConnectionOptions,
    Id,
)
from ledger.cli.admin.finding import wallet_of
from ledger.cli.admin.session import open_session
from ledger.cli.admin.takes import price_text, show_takes
from ledger.cli.screen import Screen
from ledger.cli.texts import money, stated, when
from ledger.client.results import Charge, ChargeRefund

app: Final = App(name="charge", help="Look at charges, explain them, refund them.")
app.command(
    "ledger.cli.admin.explaining:explain_charge",
    name="explain",
    help="Explain a charge: what it took, what that had cost, what it earned.",
)


@app.command
async def show(charge_id: Id, *, wallet: Id | None = None, where: ConnectionOptions = HERE) -> None:
    """Show a charge, and what was refunded of it.

    Parameters
    ----------
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "charge", charge_id, wallet)
        session.show(await session.client.charge(wallet_id, charge_id), _show_charge)


@app.command
async def refund(
    charge_id: Id,
    *,
    reason: str,
    amount: Amount | None = None,
    wallet: Id | None = None,
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
        refunded = await session.change(
            where.idempotency_key,
            partial(session.client.refund_charge, wallet_id, charge_id, amount, reason=reason),
        )
        session.show(refunded, _show_refund)


def _show_charge(screen: Screen, charge: Charge) -> None:
    screen.facts(
        [
            *stated(charge_id=charge.charge_id, wallet_id=charge.wallet_id, hold_id=charge.hold_id),
            ("amount", money(charge.amount, charge.currency)),
            ("refunded", money(charge.refunded, charge.currency)),
            ("charged", when(charge.charged_at)),
            *stated(reference=charge.reference, price=price_text(charge.quote)),
        ]
    )
    show_takes(screen, "from lot", charge.takes)


def _show_refund(screen: Screen, refund: ChargeRefund) -> None:
    now = money(refund.refunded_now, refund.currency)
    screen.say(f"{now} of charge {refund.charge_id} went back to {refund.wallet_id}.")
    screen.facts(
        [
            ("refunded so far", money(refund.refunded, refund.currency)),
            ("of", money(refund.amount, refund.currency)),
            ("available now", money(refund.available_after, refund.currency)),
        ]
    )
