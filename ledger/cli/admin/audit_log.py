"""`ledger acts` and `ledger switch …`: what administrators did, and what they stopped."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Flag
from ledger.cli.admin.layout import columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import open_session, path
from ledger.cli.admin.texts import moment, text_of
from ledger.cli.command_error import CommandError

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
        wanted = {"actor": actor, "operation": operation, "subject": subject}
        body = await session.pages(path("v1", "acts"), limit, after, **wanted)
        session.show(body, _show_acts)


@switches.command(name="list")
async def list_(*, where: ConnectionOptions = HERE) -> None:
    """List what is stopped."""
    async with open_session(where) as session:
        session.show(await session.get(path("v1", "switches")), _show_switches)


@switches.command
async def stop(
    kind: Kind,
    name: str,
    *,
    reason: str,
    yes: Annotated[Flag, Parameter(alias="-y")] = False,
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
        given = {"kind": kind, "name": name, "stopped": True, "reason": reason}
        body = await session.post_once(path("v1", "switches"), given)
        session.show(body, _show_switch)


@switches.command
async def resume(kind: Kind, name: str, *, reason: str, where: ConnectionOptions = HERE) -> None:
    """Let it go on."""
    async with open_session(where) as session:
        given = {"kind": kind, "name": name, "stopped": False, "reason": reason}
        body = await session.post_once(path("v1", "switches"), given)
        session.show(body, _show_switch)


def _show_acts(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns(time("time (+08, UTC)"), "who", "what", "to what", "came to", under("detail"))
    rows = [
        (
            moment(act["at"]),
            act["actor"],
            act["operation"],
            act["subject"],
            "unknown" if act["outcome"] is None else str(act["outcome"]),
            (f"act {act['act_id']}", text_of(act["detail"]), f"request {act['request_id']}"),
        )
        for act in body["items"]
    ]
    screen.table(heads, rows)
    if not rows:
        screen.note("There are no acts.")
    screen.following(body)


def _show_switches(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns("what", "name", time("since (+08, UTC)"), "by", under("reason"))
    rows = [
        (
            switch["kind"],
            switch["name"],
            moment(switch["stopped_at"]),
            text_of(switch["stopped_by"]),
            text_of(switch["reason"]),
        )
        for switch in body["items"]
    ]
    screen.table(heads, rows)
    if not rows:
        screen.note("Nothing is stopped.")


def _show_switch(screen: Screen, body: Mapping[str, Any]) -> None:
    state = "is stopped" if body["stopped"] else "goes on"
    screen.say(f"The {body['kind']} {body['name']} {state}.")
