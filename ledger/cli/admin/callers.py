"""`ledger caller …`: who may call the ledger."""

from collections.abc import Sequence
from typing import Final

from cyclopts import App

from ledger.cli.admin.connection_options import HERE, ConnectionOptions
from ledger.cli.admin.session import listing, open_session
from ledger.cli.screen import Screen, amount, columns
from ledger.cli.texts import NOTHING, moment, stated
from ledger.client.results import Caller, Me

app: Final = App(name="caller", help="Callers: who there is, and who you are.")
app.command("ledger.cli.admin.old_names:rate", show=False)


@app.command
async def me(*, where: ConnectionOptions = HERE) -> None:
    """Show who you are to the ledger, and what your key allows."""
    async with open_session(where) as session:
        session.show(await session.client.me(), _show_me)


@app.command(name="list")
async def list_(*, where: ConnectionOptions = HERE) -> None:
    """List callers, by name, with how much each may send; `ledger key limit` changes that."""
    async with open_session(where) as session:
        client = session.client
        callers = await listing(lambda limit, after: client.callers_page(limit=limit, after=after))
        session.show(callers, lambda screen, callers: _show_callers(screen, callers.items))


def _show_me(screen: Screen, me: Me) -> None:
    screen.facts(
        stated(
            caller=me.caller,
            kind=me.kind,
            key_id=me.key_id,
            scopes=me.scopes,
            rate_per_s=me.rate_per_s,
            burst=me.burst,
        )
    )


def show_caller(screen: Screen, caller: Caller) -> None:
    """A caller, and how much it may send."""
    _show_callers(screen, [caller])


def _show_callers(screen: Screen, callers: Sequence[Caller]) -> None:
    heads = columns(
        "caller", "kind", amount("a second"), amount("at once"), "state", "since (+08, UTC)"
    )
    rows = [
        (
            caller.caller,
            caller.kind,
            "no limit" if caller.rate_per_s is None else str(caller.rate_per_s),
            NOTHING if caller.burst is None else str(caller.burst),
            "stopped" if caller.stopped else "served",
            moment(caller.created_at),
        )
        for caller in callers
    ]
    screen.table(heads, rows)
