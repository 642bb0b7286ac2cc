"""`ledger wallet …`: one wallet, as a support agent looks at it, and what may be done with it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cyclopts import App

from ledger.cli.admin.connection_options import CHANGING, HERE, ChangeOptions, ConnectionOptions
from ledger.cli.admin.layout import amount, columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import asking, wallet_path
from ledger.cli.admin.texts import NOTHING, moment, when, yuan
from ledger.cli.command_error import CommandError

app: Final = App(name="wallet", help="Look at a wallet, explain it, freeze it, limit it.")
app.command(
    "ledger.cli.admin.explaining:explain_wallet",
    name="explain",
    help="Explain a balance: which lots, why in this order, what falls due when.",
)
app.command(
    "ledger.cli.admin.timeline:timeline",
    help="Show what was recorded of a wallet, newest first.",
)

LOTS: Final = columns(
    under("lot"), "source", amount("available"), amount("held"), "currency", "cost", time("expires")
)


@app.command
def show(wallet_id: str, *, at: str | None = None, where: ConnectionOptions = HERE) -> None:
    """Show a wallet: balances, lots in spending order, open holds, orders, membership, limits.

    Over the API where --url, LEDGER_URL or --key-file is given; else from the database that
    LEDGER_DATABASE_URL or LEDGER_DATA_DIR names, on the host.

    Parameters
    ----------
    at
        As it was then (over the API), such as 2026-03-01T09:00:00+08:00.
    """
    if where.is_named:
        asyncio.run(_show(wallet_id, at, where))
        return
    # What works on the database brings all of the ledger with it.
    from ledger.cli.wallet import run_show  # noqa: PLC0415

    if at is not None:
        raise CommandError("--at needs the API: say which with --url or LEDGER_URL")
    run_show(wallet_id, as_json=where.json)


async def _show(wallet_id: str, at: str | None, where: ConnectionOptions) -> None:
    async with asking(where) as asked:
        body = await asked.get(wallet_path(wallet_id), at=at)
        if asked.as_json:
            asked.screen.document(body)
            return
        lots = await asked.pages(wallet_path(wallet_id, "lots"), None, at=at)
        show_wallet(asked.screen, body)
        _tell_lots(asked.screen, lots["items"])
        if at is None:
            holds = await asked.pages(wallet_path(wallet_id, "holds"), None)
            show_holds(asked.screen, holds["items"])


@app.command
async def lots(wallet_id: str, *, at: str | None = None, where: ConnectionOptions = HERE) -> None:
    """List the lots that have anything left, in the order in which they are spent.

    Parameters
    ----------
    at
        As they were then, such as 2026-03-01T09:00:00+08:00.
    """
    async with asking(where) as asked:
        body = await asked.pages(wallet_path(wallet_id, "lots"), None, at=at)
        asked.show(body, _tell_page_of_lots)


@app.command
async def freeze(wallet_id: str, *, reason: str, where: ChangeOptions = CHANGING) -> None:
    """Let nothing be spent, converted, given away or claimed until further notice."""
    await _set_frozen(wallet_id, "freeze", reason, where)


@app.command
async def unfreeze(wallet_id: str, *, reason: str, where: ChangeOptions = CHANGING) -> None:
    """Let a frozen wallet spend again."""
    await _set_frozen(wallet_id, "unfreeze", reason, where)


async def _set_frozen(wallet_id: str, verb: str, reason: str, where: ChangeOptions) -> None:
    async with asking(where) as asked:
        path = wallet_path(wallet_id, verb)
        body = await asked.post(path, {"reason": reason}, key=where.idempotency_key)
        asked.show(body, _tell_frozen)


@app.command
async def limit(
    wallet_id: str,
    currency: str,
    *,
    reason: str,
    day: str | None = None,
    single: str | None = None,
    where: ChangeOptions = CHANGING,
) -> None:
    """Limit what a wallet may spend of a currency; with neither --day nor --single, lift the limit.

    Parameters
    ----------
    day
        At most so much a day of Asia/Shanghai.
    single
        At most so much in one charge.
    """
    async with asking(where) as asked:
        given = {"currency": currency, "day": day, "single": single, "reason": reason}
        body = await asked.post(wallet_path(wallet_id, "limits"), given, key=where.idempotency_key)
        asked.show(body, _tell_limit)


def show_wallet(screen: Screen, body: Mapping[str, Any]) -> None:
    """A wallet's balances and whatever else is to be known of it."""
    screen.facts(
        [
            ("wallet", body["wallet_id"]),
            ("status", body["status"]),
            ("as of", when(body["as_of"])),
            ("last event", str(body["seq"] or "none: the ledger has never seen this wallet")),
            *_membership(body["membership"]),
            *([("owes", _claims(body["claims"]))] if body["claims"] else []),
            *([("payable to owner", yuan(body["payable_fen"]))] if body["payable_fen"] else []),
        ]
    )
    heads = columns("currency", amount("available"), amount("held"), amount("expiring in 24 h"))
    balances = body["balances"].items()
    screen.table(
        heads,
        [(code, one["available"], one["held"], one["expiring_soon"]) for code, one in balances],
    )
    heads = columns("limit on", amount("a day"), amount("spent today"), amount("a charge"))
    screen.table(
        heads,
        [
            (one["currency"], one["day"] or "none", one["charged_today"], one["single"] or "none")
            for one in body["limits"]
        ],
    )


def _membership(body: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if body is None:
        return []
    renews = "renews" if body["renews"] else "does not renew"
    return [
        ("membership", f"{body['plan']} until {when(body['ends_at'])}, {renews}"),
        ("next points", when(body["next_grant_at"])),
    ]


def _claims(claims: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{claim['open_cny']} CNY of order {claim['order_id']}" for claim in claims)


def _tell_page_of_lots(screen: Screen, body: Mapping[str, Any]) -> None:
    _tell_lots(screen, body["items"])
    if not body["items"]:
        screen.note("The wallet has no lots with anything left.")


def _tell_lots(screen: Screen, lots: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            lot["lot_id"],
            lot["source"],
            lot["available"],
            lot["held"],
            lot["currency"],
            yuan(lot["cost_fen"]) if lot["cost_fen"] else NOTHING,
            moment(lot["expires_at"], "never"),
        )
        for lot in lots
    ]
    screen.table(LOTS, rows, title="lots, in the order they are spent")


def show_holds(screen: Screen, holds: Sequence[Mapping[str, Any]]) -> None:
    """Open holds as a table."""
    heads = columns(under("hold"), amount("amount"), "currency", "reference", time("expires"))
    rows = [
        (
            hold["hold_id"],
            hold["amount"],
            hold["currency"],
            hold["reference"] or NOTHING,
            moment(hold["expires_at"]),
        )
        for hold in holds
    ]
    screen.table(heads, rows, title="open holds")


def _tell_frozen(screen: Screen, body: Mapping[str, Any]) -> None:
    state = "frozen" if body["frozen"] else "not frozen"
    screen.say(f"{body['wallet_id']} is {state}.")


def _tell_limit(screen: Screen, body: Mapping[str, Any]) -> None:
    day, single = body["day"] or "no limit", body["single"] or "no limit"
    screen.say(f"{body['wallet_id']}, {body['currency']}: a day {day}, a charge {single}.")
