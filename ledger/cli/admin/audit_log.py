"""`ledger acts` and `ledger switch …`: what administrators did, and what they stopped."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Flag
from ledger.cli.admin.layout import columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import asking, path
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
    async with asking(where) as asked:
        wanted = {"actor": actor, "operation": operation, "subject": subject}
        body = await asked.pages(path("v1", "acts"), limit, after, **wanted)
        asked.show(body, _tell_acts)


@switches.command(name="list")
async def list_(*, where: ConnectionOptions = HERE) -> None:
    """List what is stopped."""
    async with asking(where) as asked:
        asked.show(await asked.get(path("v1", "switches")), _tell_switches)


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
    async with asking(where) as asked:
        confirm(asked.screen, f"Stop the {kind} {name} for everybody, now?", yes=yes)
        given = {"kind": kind, "name": name, "stopped": True, "reason": reason}
        body = await asked.post_once(path("v1", "switches"), given)
        asked.show(body, _tell_switch)


@switches.command
async def resume(kind: Kind, name: str, *, reason: str, where: ConnectionOptions = HERE) -> None:
    """Let it go on."""
    async with asking(where) as asked:
        given = {"kind": kind, "name": name, "stopped": False, "reason": reason}
        body = await asked.post_once(path("v1", "switches"), given)
        asked.show(body, _tell_switch)


def _tell_acts(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns(time("time (+08, UTC)"), "who", "what", "to what", "came to", under("detail"))
    rows = [
        (
            moment(one["at"]),
            one["actor"],
            one["operation"],
            one["subject"],
            "unknown" if one["outcome"] is None else str(one["outcome"]),
            (f"act {one['act_id']}", text_of(one["detail"]), f"request {one['request_id']}"),
        )
        for one in body["items"]
    ]
    screen.table(heads, rows)
    if not rows:
        screen.note("There are no acts.")
    screen.following(body)


def _tell_switches(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns("what", "name", time("since (+08, UTC)"), "by", under("reason"))
    rows = [
        (
            one["kind"],
            one["name"],
            moment(one["stopped_at"]),
            text_of(one["stopped_by"]),
            text_of(one["reason"]),
        )
        for one in body["items"]
    ]
    screen.table(heads, rows)
    if not rows:
        screen.note("Nothing is stopped.")


def _tell_switch(screen: Screen, body: Mapping[str, Any]) -> None:
    state = "is stopped" if body["stopped"] else "goes on"
    screen.say(f"The {body['kind']} {body['name']} {state}.")
