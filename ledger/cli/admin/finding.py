"""`ledger find`: a wallet by anything that is known of it."""

import sys
from collections.abc import Mapping
from typing import Any

from ledger.cli.admin.connection_options import HERE, ConnectionOptions
from ledger.cli.admin.layout import columns, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import REFUSED, Session, open_session
from ledger.cli.admin.texts import NOTHING


async def find(what: str, *, where: ConnectionOptions = HERE) -> None:
    """Find a wallet by its id, or that of an order, refund, hold, charge, transfer, lot or payment.

    Exit code 1 when nothing is found.

    Parameters
    ----------
    what
        The id: ours, a channel's number of a payment, or a reference that a caller gave.
    """
    async with open_session(where) as session:
        body = await session.get("/v1/find", q=what)
        session.show(body, _show)
        if not body["items"]:
            session.screen.note(f"Nothing is known by {what}.{_indexed_note(body)}")
            sys.exit(REFUSED)


def _show(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns("what", under("id"), "wallet", "seq")
    rows = [
        (match["kind"], match["id"], match["wallet_id"], str(match["seq"] or NOTHING))
        for match in body["items"]
    ]
    screen.table(heads, rows)
    if body["more"]:
        screen.note("There are more than can be told.")


def _indexed_note(body: Mapping[str, Any]) -> str:
    """Up to which seq of each shard the directory knows: what happened just now may be missing."""
    known = ", ".join(f"{mark['seq']} of shard {mark['shard']}" for mark in body.get("indexed", []))
    return f" The directory knows the log up to seq {known}." if known else ""


async def wallet_of(session: Session, kind: str, name: str, wallet: str | None) -> str:
    """The wallet id of a hold or charge: `wallet` if given, else as the directory knows it.

    Ends the process with REFUSED unless exactly one wallet has it.
    """
    if wallet is not None:
        return wallet
    body = await session.get("/v1/find", q=name)
    wallets = {match["wallet_id"] for match in body["items"] if match["kind"] == kind}
    if len(wallets) == 1:
        return str(wallets.pop())
    why = f"no {kind} {name} is known: say whose it is with --wallet.{_indexed_note(body)}"
    if wallets:
        why = f"the wallets {', '.join(sorted(wallets))} have a {kind} {name}: say --wallet"
    session.screen.note(f"ledger: {why}")
    sys.exit(REFUSED)
