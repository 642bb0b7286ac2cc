"""`ledger wallet timeline`: what was recorded of a wallet, newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Flag, Id
from ledger.cli.admin.session import PAGE, Listing, listing, open_session
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Screen, amount, columns, long
from ledger.cli.texts import NOTHING, Cell, instant, moment, money, words
from ledger.client import LedgerClient
from ledger.client.results import Entry

_HEADS: Final = columns(
    "time (+08, UTC)",
    "what",
    amount("change"),
    amount("after"),
    "currency",
    long("about"),
)


async def timeline(
    wallet_id: Id,
    *,
    since: str | None = None,
    limit: int = 20,
    all_: Flag = False,
    after: str | None = None,
    where: ConnectionOptions = HERE,
) -> None:
    """Show what was recorded of a wallet, newest first.

    Parameters
    ----------
    since
        No further back than this: a date or a time, of Asia/Shanghai unless it says otherwise.
    limit
        At most so many entries; with --since or --all there is no such limit.
    all_
        All there are.
    after
        Go on after a page: the cursor that it told at its end.
    """
    if limit < 1:
        raise CommandError("--limit is 1 or more")
    oldest = None if since is None else instant(since)
    async with open_session(where) as session:
        wanted = None if all_ or oldest is not None else limit
        entries = await _entries(session.client, wallet_id, oldest, wanted, after)
        session.show(entries, lambda screen, entries: _show(screen, entries.items))
        if not session.as_json:
            session.screen.note_more(entries.next)


async def _entries(
    client: LedgerClient,
    wallet_id: str,
    oldest: datetime | None,
    wanted: int | None,
    after: str | None,
) -> Listing[Entry]:
    if oldest is None:
        return await listing(
            lambda limit, after: client.entries_page(wallet_id, limit=limit, after=after),
            wanted,
            after,
        )
    young = Listing[Entry]([], None, [])
    while True:
        page = await client.entries_page(wallet_id, limit=PAGE, after=after)
        for entry, document in zip(page.items, page.document["items"], strict=True):
            if entry.at < oldest:
                return young
            young.items.append(entry)
            young.documents.append(document)
        after = page.next
        if after is None:
            return young


def _show(screen: Screen, entries: Sequence[Entry]) -> None:
    screen.table(_HEADS, [_row(entry) for entry in entries])
    if not entries:
        screen.note("Nothing was recorded.")


def _row(entry: Entry) -> Sequence[Cell]:
    return (
        moment(entry.at),
        words(entry.type),
        NOTHING if entry.available_change is None else str(entry.available_change),
        NOTHING if entry.available_after is None else str(entry.available_after),
        entry.currency or NOTHING,
        _about(entry),
    )


def _about(entry: Entry) -> Cell:
    """What happened in words, the ids that an entry names, who did it, and why."""
    named = {
        "hold": entry.hold_id,
        "charge": entry.charge_id,
        "order": entry.order_id,
        "refund": entry.refund_id,
        "transfer": entry.transfer_id,
        "lot": entry.lot_id,
        "money": None if entry.amount_cny is None else money(entry.amount_cny, "CNY"),
        "other wallet": entry.other_wallet_id,
        "reference": entry.reference,
        "by": entry.caller,
        "reason:": entry.reason,
    }
    details = [f"{name} {value}" for name, value in named.items() if value]
    return (f"seq {entry.seq}: {entry.what}", *details)
