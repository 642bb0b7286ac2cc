"""`ledger order …` and `ledger membership …`: what was bought, and giving it back."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import (
    CHANGING,
    HERE,
    ChangeOptions,
    ConnectionOptions,
    Flag,
)
from ledger.cli.admin.layout import amount, columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import open_session, path, wallet_path
from ledger.cli.admin.texts import facts_of, moment, money, when
from ledger.cli.command_error import CommandError

app: Final = App(name="order", help="Look at orders, open, close and refund them.")
opens: Final = App(name="open", help="Open an order for a wallet, to be paid at a channel.")
app.command(opens)
memberships: Final = App(name="membership", help="Look at a membership, cancel it.")

_PARTS: Final = ("refunding_cny", "refunded_cny", "reversed_cny", "claim_repaid_cny")


@app.command
async def show(order_id: str, *, where: ConnectionOptions = HERE) -> None:
    """Show an order."""
    async with open_session(where) as session:
        session.show(await session.get(path("v1", "orders", order_id)), show_order)


@app.command(name="list")
async def list_(
    wallet_id: str, *, limit: int = 20, after: str | None = None, where: ConnectionOptions = HERE
) -> None:
    """List a wallet's orders, newest first.

    Parameters
    ----------
    limit
        At most so many.
    after
        Go on after a page: the cursor that it told at its end.
    """
    if limit < 1:
        raise CommandError("--limit is 1 or more")
    async with open_session(where) as session:
        body = await session.pages(wallet_path(wallet_id, "orders"), limit, after)
        session.show(body, _show_page)


@opens.command
async def recharge(
    wallet_id: str, *, channel: str, currency: str, price_cny: str, where: ChangeOptions = CHANGING
) -> None:
    """Open an order of points.

    Parameters
    ----------
    price_cny
        Whole yuan.
    """
    given = {"kind": "recharge", "channel": channel, "currency": currency, "price_cny": price_cny}
    await _open(wallet_id, given, where)


@opens.command(name="membership")
async def membership_order(
    wallet_id: str,
    *,
    channel: str,
    plan: str,
    period: str,
    promotion: str | None = None,
    where: ChangeOptions = CHANGING,
) -> None:
    """Open an order of a membership; of a higher plan than the one that runs it is an upgrade.

    Parameters
    ----------
    plan
        gold, platinum, diamond, black, or what else the catalogue has.
    period
        month, quarter, half_year or year.
    promotion
        Under this promotion; at the list price where this is left out.
    """
    given = {
        "kind": "membership",
        "channel": channel,
        "plan": plan,
        "period": period,
        "promotion": promotion,
    }
    await _open(wallet_id, given, where)


async def _open(wallet_id: str, given: Mapping[str, object], where: ChangeOptions) -> None:
    async with open_session(where) as session:
        call_path = wallet_path(wallet_id, "orders")
        session.show(await session.post(call_path, given, key=where.idempotency_key), show_order)


@app.command
async def close(order_id: str, *, where: ChangeOptions = CHANGING) -> None:
    """Give up an order that was not paid."""
    async with open_session(where) as session:
        call_path = path("v1", "orders", order_id, "close")
        session.show(await session.post(call_path, key=where.idempotency_key), show_order)


@app.command
async def refund(
    order_id: str,
    *,
    reason: str,
    amount_cny: str | None = None,
    yes: Annotated[Flag, Parameter(alias="-y")] = False,
    where: ChangeOptions = CHANGING,
) -> None:
    """Take back what is unspent of an order, and have its channel pay the money back.

    Parameters
    ----------
    amount_cny
        So much; all that is unspent where this is left out.
    yes
        Do not ask.
    """
    async with open_session(where) as session:
        if not yes:
            # Only a person who is asked wants to see what the question is about.
            body = await session.get(path("v1", "orders", order_id))
            session.screen.note(_in_short(body))
        what = "all that is unspent" if amount_cny is None else f"{amount_cny} CNY"
        confirm(session.screen, f"Refund {what} of order {order_id}?", yes=yes)
        call_path = path("v1", "orders", order_id, "refund")
        given = {"reason": reason, "amount_cny": amount_cny}
        session.show(await session.post(call_path, given, key=where.idempotency_key), show_refund)


@app.command(name="refund-show")
async def refund_show(refund_id: str, *, where: ConnectionOptions = HERE) -> None:
    """Show how far a refund of an order is."""
    async with open_session(where) as session:
        session.show(await session.get(path("v1", "refunds", refund_id)), show_refund)


@memberships.command(name="show")
async def membership_show(wallet_id: str, *, where: ConnectionOptions = HERE) -> None:
    """Show a wallet's membership."""
    async with open_session(where) as session:
        body = await session.get(wallet_path(wallet_id))
        session.show(body["membership"], _show_membership)


@memberships.command
async def cancel(wallet_id: str, *, where: ChangeOptions = CHANGING) -> None:
    """Let a membership end after what was paid; nothing is taken away."""
    async with open_session(where) as session:
        call_path = wallet_path(wallet_id, "membership", "cancel")
        session.show(await session.post(call_path, key=where.idempotency_key), _show_membership)


def _in_short(order: Mapping[str, Any]) -> str:
    taken = ", ".join(
        f"{name.removesuffix('_cny')} {order[name]}" for name in _PARTS if name in order
    )
    return (
        f"order {order['order_id']} of {order['wallet_id']}: {order['kind']}, {order['status']}, "
        f"{order['price_cny']} CNY by {order['channel']} ({taken})"
    )


def show_order(screen: Screen, body: Mapping[str, Any]) -> None:
    """An order."""
    bought = facts_of(body, ("plan", "period", "months", "promotion", "upgrade_from"))
    if body["kind"] == "recharge":
        bought = [("for", money(body["amount"], body["currency"]))]
    screen.facts(
        [
            *facts_of(body, ("order_id", "wallet_id", "kind", "status")),
            ("price", f"{body['price_cny']} CNY"),
            *bought,
            *facts_of(body, ("channel",)),
            ("opened", when(body["created_at"])),
            ("paid", when(body["paid_at"], "not yet")),
            *([("paid late", "yes")] if body["paid_late"] else []),
            *([("expires", when(body["expires_at"]))] if body["status"] == "pending" else []),
            *[
                (name.removesuffix("_cny").replace("_", " "), f"{body[name]} CNY")
                for name in _PARTS
                if body.get(name, "0.00") != "0.00"
            ],
            *([("pay at", body["payment"]["pay_url"])] if body["payment"] else []),
        ]
    )


def _show_page(screen: Screen, body: Mapping[str, Any]) -> None:
    heads = columns(under("order"), "what", "status", amount("CNY"), "channel", time("opened"))
    rows = [
        (
            order["order_id"],
            order.get("plan") or money(order.get("amount"), order.get("currency")),
            order["status"].replace("_", " "),
            order["price_cny"],
            order["channel"],
            moment(order["created_at"]),
        )
        for order in body["items"]
    ]
    screen.table(heads, rows)
    if not rows:
        screen.note("The wallet has no orders.")
    screen.following(body)


def show_refund(screen: Screen, body: Mapping[str, Any]) -> None:
    """A refund of an order."""
    screen.facts(
        [
            *facts_of(body, ("refund_id", "order_id", "wallet_id", "status")),
            ("amount", f"{body['amount_cny']} CNY"),
            *facts_of(body, ("channel", "payment_id")),
            *([("months taken back", str(body["months"]))] if body["months"] else []),
            ("requested", when(body["requested_at"])),
            ("settled", when(body["resolved_at"], "not yet")),
        ]
    )
    takes = [(take["lot_id"], take["amount"]) for take in body["takes"]]
    screen.table(columns("taken from lot", amount("amount")), takes)


def _show_membership(screen: Screen, body: Mapping[str, Any] | None) -> None:
    if body is None:
        screen.say("The wallet has no membership.")
        return
    screen.facts(
        [
            *facts_of(body, ("plan", "status", "period")),
            ("since", when(body["started_at"])),
            ("until", when(body["ends_at"])),
            ("renews", "yes" if body["renews"] else "no"),
            ("months", f"{body['months_granted']} of {body['months']} granted"),
            ("next points", when(body["next_grant_at"])),
            *facts_of(body, ("entitlements",)),
        ]
    )
    waiting = [
        (term["order_id"], term["plan"], term["period"], str(term["months"]))
        for term in body["queued"]
    ]
    heads = columns(under("order"), "plan", "period", amount("months"))
    screen.table(heads, waiting, title="paid terms behind it")
    upgrades = [
        (
            upgrade["order_id"],
            upgrade["plan"],
            f"{upgrade['months_granted']} of {upgrade['months']}",
        )
        for upgrade in body["upgrades"]
    ]
    screen.table(columns(under("order"), "plan", "months granted"), upgrades, title="upgrades")
