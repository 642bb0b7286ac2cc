"""`ledger find`: a wallet by anything that is known of it."""

import sys
from collections.abc import Mapping
from typing import Any

from ledger.cli.admin.connection_options import HERE, ConnectionOptions
from ledger.cli.admin.layout import columns, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import REFUSED, Session, asking
from ledger.cli.admin.texts import NOTHING


async def find(what: str, *, where: ConnectionOptions = HERE) -> None:
    """Find a wallet by its id, or that of an order, refund, hold, charge, transfer, lot or payment.

    Exit code 1 when nothing is found.

    Parameters
    ----------
    what
        The id: ours, a channel's number of a payment, or a reference that a caller gave.
    """
    async with asking(where) as asked:
        body = await asked.get("/v1/find", q=what)
        asked.show(body, _show)
        if not body["items"]:
            asked.screen.note(f"Nothing is known by {what}.{_progress(body)}")
            sys.exit(REFUSED)


def _show(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns("what", under("id"), "wallet", "seq")
    rows = [
        (one["kind"], one["id"], one["wallet_id"], str(one["seq"] or NOTHING))
        for one in body["items"]
    ]
    screen.table(heads, rows)
    if body["more"]:
        screen.note("There are more than can be told.")


def _progress(body: Mapping[str, Any]) -> str:
    """How far the directory has come: what happened just now may not be in it yet."""
    known = ", ".join(f"{one['seq']} of shard {one['shard']}" for one in body.get("indexed", []))
    return f" The directory knows the log up to seq {known}." if known else ""


async def wallet_of(asked: Session, kind: str, name: str, wallet: str | None) -> str:
    """The wallet of a hold or charge: as it was said, else as the directory knows it.

    Ends the process where that is not a single one.
    """
    if wallet is not None:
        return wallet
    body = await asked.get("/v1/find", q=name)
    wallets = {one["wallet_id"] for one in body["items"] if one["kind"] == kind}
    if len(wallets) == 1:
        return str(wallets.pop())
    why = f"no {kind} {name} is known: say whose it is with --wallet.{_progress(body)}"
    if wallets:
        why = f"the wallets {', '.join(sorted(wallets))} have a {kind} {name}: say --wallet"
    asked.screen.note(f"ledger: {why}")
    sys.exit(REFUSED)
