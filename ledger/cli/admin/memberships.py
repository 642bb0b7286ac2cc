"""`ledger membership …`: how long it runs, what is paid behind it, and its cancelling."""

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
from ledger.cli.admin.session import open_session
from ledger.cli.screen import Screen, amount, columns
from ledger.cli.texts import stated, when, words
from ledger.client.results import Membership

app: Final = App(name="membership", help="Look at a membership, cancel it.")


@app.command
async def show(wallet_id: Id, *, where: ConnectionOptions = HERE) -> None:
    """Show a wallet's membership."""
    async with open_session(where) as session:
        wallet = await session.client.wallet(wallet_id)
        if session.as_json:
            session.screen.document(wallet.document["membership"])
        elif wallet.membership is None:
            session.screen.say("The wallet has no membership.")
        else:
            _show_membership(session.screen, wallet.membership)


@app.command
async def cancel(wallet_id: Id, *, where: ChangeOptions = CHANGING) -> None:
    """Let a membership end after what was paid; nothing is taken away."""
    async with open_session(where) as session:
        membership = await session.change(
            where.idempotency_key,
            partial(session.client.cancel_membership, wallet_id),
        )
        session.show(membership, _show_membership)


def _show_membership(screen: Screen, membership: Membership) -> None:
    screen.facts(
        [
            *stated(plan=membership.plan, status=words(membership.status)),
            ("period", words(membership.period)),
            ("since", when(membership.started_at)),
            ("until", when(membership.ends_at)),
            ("renews", "yes" if membership.renews else "no"),
            ("months", f"{membership.months_granted} of {membership.months} granted"),
            ("next points", when(membership.next_grant_at, "none")),
            *stated(entitlements=membership.entitlements),
        ]
    )
    waiting = [
        (term.order_id, term.plan, words(term.period), str(term.months))
        for term in membership.queued
    ]
    heads = columns("order", "plan", "period", amount("months"))
    screen.table(heads, waiting, title="paid terms behind it")
    upgrades = [
        (upgrade.order_id, upgrade.plan, f"{upgrade.months_granted} of {upgrade.months}")
        for upgrade in membership.upgrades
    ]
    screen.table(columns("order", "plan", "months granted"), upgrades, title="upgrades")
