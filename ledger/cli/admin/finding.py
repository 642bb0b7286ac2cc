"""`ledger find`: a wallet by anything that is known of it."""

import sys

from ledger.cli.admin.connection_options import HERE, ConnectionOptions
from ledger.cli.admin.session import REFUSED, Session, open_session
from ledger.cli.screen import Screen, columns
from ledger.cli.texts import NOTHING
from ledger.client.results import Finding


async def find(what: str, *, where: ConnectionOptions = HERE) -> None:
    """Find a wallet by its id, or that of an order, refund, hold, charge, transfer, lot or payment.

    Exit code 1 when nothing is found.

    Parameters
    ----------
    what
        The id: ours, a channel's number of a payment, or a reference that a caller gave.
    """
    async with open_session(where) as session:
        finding = await session.client.find(what)
        session.show(finding, _show)
        if not finding.items:
            session.screen.note(f"Nothing is known by {what}.{_indexed_note(finding)}")
            sys.exit(REFUSED)


def _show(screen: Screen, finding: Finding) -> None:
    rows = [
        (match.kind, match.id, match.wallet_id, str(match.seq or NOTHING))
        for match in finding.items
    ]
    screen.table(columns("what", "id", "wallet", "seq"), rows)
    if finding.more:
        screen.note("There are more than can be told.")


def _indexed_note(finding: Finding) -> str:
    """Up to which seq of each shard the directory knows: what happened just now may be missing."""
    known = ", ".join(f"{mark.seq} of shard {mark.shard}" for mark in finding.indexed)
    return f" The directory knows the log up to seq {known}." if known else ""


async def wallet_of(session: Session, kind: str, name: str, wallet: str | None) -> str:
    """The wallet id of a hold or charge: `wallet` if given, else as the directory knows it.

    Ends the process with REFUSED unless exactly one wallet has it.
    """
    if wallet is not None:
        return wallet
    finding = await session.client.find(name)
    wallets = {match.wallet_id for match in finding.items if match.kind == kind}
    if len(wallets) == 1:
        return wallets.pop()
    why = f"no {kind} {name} is known: say whose it is with --wallet.{_indexed_note(finding)}"
    if wallets:
        why = f"the wallets {', '.join(sorted(wallets))} have a {kind} {name}: say --wallet"
    session.screen.note(f"ledger: {why}")
    sys.exit(REFUSED)
