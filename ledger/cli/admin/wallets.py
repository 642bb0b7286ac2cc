"""`ledger wallet …`: one wallet, as a support agent looks at it, and what may be done with it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cyclopts import App

from ledger.cli.admin.connection_options import CHANGING, HERE, ChangeOptions, ConnectionOptions
from ledger.cli.admin.layout import amount, columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import open_session, wallet_path
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
    async with open_session(where) as session:
        body = await session.get(wallet_path(wallet_id), at=at)
        if session.as_json:
            session.screen.document(body)
            return
        lots = await session.pages(wallet_path(wallet_id, "lots"), None, at=at)
        show_wallet(session.screen, body)
        _show_lots(session.screen, lots["items"])
        if at is None:
            holds = await session.pages(wallet_path(wallet_id, "holds"), None)
            show_holds(session.screen, holds["items"])


@app.command
async def lots(wallet_id: str, *, at: str | None = None, where: ConnectionOptions = HERE) -> None:
    """List the lots that have anything left, in the order in which they are spent.

    Parameters
    ----------
    at
        As they were then, such as 2026-03-01T09:00:00+08:00.
    """
    async with open_session(where) as session:
        body = await session.pages(wallet_path(wallet_id, "lots"), None, at=at)
        session.show(body, _show_page_of_lots)


@app.command
async def freeze(wallet_id: str, *, reason: str, where: ChangeOptions = CHANGING) -> None:
    """Let nothing be spent, converted, given away or claimed until further notice."""
    await _set_frozen(wallet_id, "freeze", reason, where)


@app.command
async def unfreeze(wallet_id: str, *, reason: str, where: ChangeOptions = CHANGING) -> None:
    """Let a frozen wallet spend again."""
    await _set_frozen(wallet_id, "unfreeze", reason, where)


async def _set_frozen(wallet_id: str, verb: str, reason: str, where: ChangeOptions) -> None:
    async with open_session(where) as session:
        path = wallet_path(wallet_id, verb)
        body = await session.post(path, {"reason": reason}, key=where.idempotency_key)
        session.show(body, _show_frozen)


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
    async with open_session(where) as session:
        given = {"currency": currency, "day": day, "single": single, "reason": reason}
        body = await session.post(
            wallet_path(wallet_id, "limits"), given, key=where.idempotency_key
        )
        session.show(body, _show_limit)


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
        [
            (code, balance["available"], balance["held"], balance["expiring_soon"])
            for code, balance in balances
        ],
    )
    heads = columns("limit on", amount("a day"), amount("spent today"), amount("a charge"))
    screen.table(
        heads,
        [
            (
                own_limit["currency"],
                own_limit["day"] or "none",
                own_limit["charged_today"],
                own_limit["single"] or "none",
            )
            for own_limit in body["limits"]
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


def _show_page_of_lots(screen: Screen, body: Mapping[str, Any]) -> None:
    _show_lots(screen, body["items"])
    if not body["items"]:
        screen.note("The wallet has no lots with anything left.")


def _show_lots(screen: Screen, lots: Sequence[Mapping[str, Any]]) -> None:
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


def _show_frozen(screen: Screen, body: Mapping[str, Any]) -> None:
    state = "frozen" if body["frozen"] else "not frozen"
    screen.say(f"{body['wallet_id']} is {state}.")


def _show_limit(screen: Screen, body: Mapping[str, Any]) -> None:
    day, single = body["day"] or "no limit", body["single"] or "no limit"
    screen.say(f"{body['wallet_id']}, {body['currency']}: a day {day}, a charge {single}.")
