"""`ledger wallet timeline`: what was recorded of a wallet, newest first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Flag
from ledger.cli.admin.layout import amount, columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import PAGE, Session, open_session, wallet_path
from ledger.cli.admin.texts import NOTHING, SHANGHAI, Cell, moment, money
from ledger.cli.command_error import CommandError

_HEADS: Final = columns(
    time("time (+08, UTC)"),
    "what",
    amount("change"),
    amount("after"),
    "currency",
    under("about"),
)
_IDS: Final = ("hold_id", "charge_id", "order_id", "refund_id", "transfer_id", "lot_id")


async def timeline(
    wallet_id: str,
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
        body = await _entries(session, wallet_path(wallet_id, "entries"), oldest, wanted, after)
        session.show(body, _show)


def instant(text: str) -> datetime:
    """The instant that a person means. Raises CommandError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{text!a} is no time: one is such as 2026-03-01 or 2026-03-01T09:00:00+08:00"
        ) from None
    return at.replace(tzinfo=SHANGHAI) if at.tzinfo is None else at


async def _entries(
    session: Session, path: str, oldest: datetime | None, wanted: int | None, after: str | None
) -> dict[str, Any]:
    if oldest is None:
        return await session.pages(path, wanted, after)
    items: list[Any] = []
    while True:
        page = await session.get(path, limit=PAGE, after=after)
        young = [entry for entry in page["items"] if datetime.fromisoformat(entry["at"]) >= oldest]
        items += young
        after = page["next"]
        if after is None or len(young) < len(page["items"]):
            return {**page, "items": items, "next": None}


def _show(screen: Screen, body: Mapping[str, Any]) -> None:
    screen.table(_HEADS, [_row(entry) for entry in body["items"]])
    if not body["items"]:
        screen.note("Nothing was recorded.")
    screen.following(body)


def _row(entry: Mapping[str, Any]) -> Sequence[Cell]:
    return (
        moment(entry["at"]),
        entry["type"].replace("_", " "),
        entry["available_change"] or NOTHING,
        entry["available_after"] or NOTHING,
        entry["currency"] or NOTHING,
        _about(entry),
    )


def _about(entry: Mapping[str, Any]) -> Cell:
    """What happened in words, the ids that an entry names, who did it, and why."""
    ids = [f"{name.removesuffix('_id')} {entry[name]}" for name in _IDS if entry[name]]
    more = {
        "money": money(entry["amount_cny"], "CNY") if entry["amount_cny"] else None,
        "other wallet": entry["other_wallet_id"],
        "reference": entry["reference"],
        "by": entry["caller"],
        "reason:": entry["reason"],
    }
    details = [f"{name} {value}" for name, value in more.items() if value]
    return (f"seq {entry['seq']}: {entry['what']}", *ids, *details)
