"""`ledger acts` and `ledger switch …`: what administrators did, and what they stopped."""

from collections.abc import Sequence
from typing import Final, Literal

from cyclopts import App

from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Yes
from ledger.cli.admin.session import listing, open_session
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Screen, columns, long
from ledger.cli.texts import NOTHING, moment, text_of
from ledger.client.results import Act, Switch

switches: Final = App(name="switch", help="Stop a channel, a SKU or a caller, or let it go on.")

Kind = Literal["channel", "sku", "caller"]


async def acts(
    *,
    actor: str | None = None,
    operation: str | None = None,
    subject: str | None = None,
    limit: int = 50,
    after: str | None = None,
    where: ConnectionOptions = HERE,
) -> None:
    """List what administrators did, newest first.

    Parameters
    ----------
    actor
        What this caller did.
    operation
        Such as freezeWallet, propose, approveProposal.
    subject
        What was done to this wallet, key, caller or proposal.
    limit
        At most so many.
    after
        Go on after a page: the cursor that it told at its end.
    """
    if limit < 1:
        raise CommandError("--limit is 1 or more")
    async with open_session(where) as session:
        client = session.client
        acts = await listing(
            lambda limit, after: client.acts_page(
                actor=actor, operation=operation, subject=subject, limit=limit, after=after
            ),
            limit,
            after,
        )
        session.show(acts, lambda screen, acts: _show_acts(screen, acts.items))
        if not session.as_json:
            session.screen.note_more(acts.next)


@switches.command(name="list")
async def list_(*, where: ConnectionOptions = HERE) -> None:
    """List what is stopped."""
    async with open_session(where) as session:
        session.show(await session.client.switches(), _show_switches)


@switches.command
async def stop(
    kind: Kind,
    name: str,
    *,
    reason: str,
    yes: Yes = False,
    where: ConnectionOptions = HERE,
) -> None:
    """Stop a channel (no orders), a SKU (not sold) or a caller (nothing is done for it).

    Parameters
    ----------
    yes
        Do not ask.
    """
    async with open_session(where) as session:
        confirm(session.screen, f"Stop the {kind} {name} for everybody, now?", yes=yes)
        call = session.client.throw_switch(kind, name, stopped=True, reason=reason)
        session.show(await session.change_once(call), _show_switch)


@switches.command
async def resume(kind: Kind, name: str, *, reason: str, where: ConnectionOptions = HERE) -> None:
    """Let it go on."""
    async with open_session(where) as session:
        call = session.client.throw_switch(kind, name, stopped=False, reason=reason)
        session.show(await session.change_once(call), _show_switch)


def _show_acts(screen: Screen, acts: Sequence[Act]) -> None:
    heads = columns(
        "time (+08, UTC)", "who", "what", "to what", "came to", long("detail"), "act", "request"
    )
    rows = [
        (
            moment(act.at),
            act.actor,
            act.operation,
            act.subject,
            "unknown" if act.outcome is None else str(act.outcome),
            text_of(act.detail),
            str(act.act_id),
            act.request_id,
        )
        for act in acts
    ]
    screen.table(heads, rows)
    if not rows:
        screen.note("There are no acts.")


def _show_switches(screen: Screen, switches: Sequence[Switch]) -> None:
    rows = [
        (
            switch.kind,
            switch.name,
            moment(switch.stopped_at),
            switch.stopped_by or NOTHING,
            switch.reason or NOTHING,
        )
        for switch in switches
    ]
    screen.table(columns("what", "name", "since (+08, UTC)", "by", long("reason")), rows)
    if not rows:
        screen.note("Nothing is stopped.")


def _show_switch(screen: Screen, switch: Switch) -> None:
    state = "is stopped" if switch.stopped else "goes on"
    screen.say(f"The {switch.kind} {switch.name} {state}.")
