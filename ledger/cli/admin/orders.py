"""`ledger order …`: what was bought, and giving it back."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Final

from cyclopts import App

from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.connection_options import (
    CHANGING,
    HERE,
    Amount,
    ChangeOptions,
    ConnectionOptions,
    Id,
    Yes,
)
from ledger.cli.admin.session import listing, open_session
from ledger.cli.admin.takes import show_takes
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Screen, amount, columns
from ledger.cli.texts import moment, money, stated, when, words
from ledger.client.results import MembershipOrder, Order, OrderRefund, RechargeOrder

app: Final = App(name="order", help="Look at orders, open, close and refund them.")
opens: Final = App(name="open", help="Open an order for a wallet, to be paid at a channel.")
app.command(opens)


@app.command
async def show(order_id: Id, *, where: ConnectionOptions = HERE) -> None:
    """Show an order."""
    async with open_session(where) as session:
        session.show(await session.client.order(order_id), _show_order)


@app.command(name="list")
async def list_(
    wallet_id: Id, *, limit: int = 20, after: str | None = None, where: ConnectionOptions = HERE
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
        client = session.client
        orders = await listing(
            lambda limit, after: client.orders_page(wallet_id, limit=limit, after=after),
            limit,
            after,
        )
        session.show(orders, lambda screen, orders: _show_page(screen, orders.items))
        if not session.as_json:
            session.screen.note_more(orders.next)


@opens.command
async def recharge(
    wallet_id: Id,
    *,
    channel: str,
    currency: str,
    price_cny: Amount,
    where: ChangeOptions = CHANGING,
) -> None:
    """Open an order of points.

    Parameters
    ----------
    price_cny
        Whole yuan.
    """
    async with open_session(where) as session:
        order = await session.change(
            where.idempotency_key,
            partial(session.client.open_recharge, wallet_id, currency, price_cny, channel),
        )
        session.show(order, _show_order)


@opens.command(name="membership")
async def membership_order(
    wallet_id: Id,
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
    async with open_session(where) as session:
        order = await session.change(
            where.idempotency_key,
            partial(
                session.client.open_membership,
                wallet_id,
                plan,
                period,
                channel,
                promotion=promotion,
            ),
        )
        session.show(order, _show_order)


@app.command
async def close(order_id: Id, *, where: ChangeOptions = CHANGING) -> None:
    """Give up an order that was not paid."""
    async with open_session(where) as session:
        order = await session.change(
            where.idempotency_key,
            partial(session.client.close_order, order_id),
        )
        session.show(order, _show_order)


@app.command
async def refund(
    order_id: Id,
    *,
    reason: str,
    amount_cny: Amount | None = None,
    yes: Yes = False,
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
            session.screen.note(_in_short(await session.client.order(order_id)))
        what = "all that is unspent" if amount_cny is None else f"{amount_cny} CNY"
        confirm(session.screen, f"Refund {what} of order {order_id}?", yes=yes)
        requested = await session.change(
            where.idempotency_key,
            partial(session.client.refund_order, order_id, amount_cny, reason=reason),
        )
        session.show(requested, _show_refund)


@app.command(name="refund-show")
async def refund_show(refund_id: Id, *, where: ConnectionOptions = HERE) -> None:
    """Show how far a refund of an order is."""
    async with open_session(where) as session:
        session.show(await session.client.order_refund(refund_id), _show_refund)


def _parts_of_price(order: Order) -> dict[str, Decimal]:
    """What became of parts of an order's price."""
    parts = {
        "refunding": order.refunding_cny,
        "refunded": order.refunded_cny,
        "reversed": order.reversed_cny,
    }
    if isinstance(order, RechargeOrder):
        parts["claim repaid"] = order.claim_repaid_cny
    return parts


def _in_short(order: Order) -> str:
    kind = "membership" if isinstance(order, MembershipOrder) else "recharge"
    taken = ", ".join(f"{name} {amount}" for name, amount in _parts_of_price(order).items())
    return (
        f"order {order.order_id} of {order.wallet_id}: {kind}, {words(order.status)}, "
        f"{order.price_cny} CNY by {order.channel} ({taken})"
    )


def _show_order(screen: Screen, order: Order) -> None:
    screen.facts(
        [
            *stated(order_id=order.order_id, wallet_id=order.wallet_id),
            ("status", words(order.status)),
            ("price", f"{order.price_cny} CNY"),
            *_bought(order),
            ("channel", order.channel),
            ("opened", when(order.created_at)),
            ("paid", when(order.paid_at, "not yet")),
            *([("paid late", "yes")] if order.paid_late else []),
            *([("expires", when(order.expires_at))] if order.status == "pending" else []),
            *[(name, f"{amount} CNY") for name, amount in _parts_of_price(order).items() if amount],
            *([("pay at", order.payment.pay_url)] if order.payment else []),
        ]
    )


def _bought(order: Order) -> list[tuple[str, str]]:
    if isinstance(order, RechargeOrder):
        return [("kind", "recharge"), ("for", money(order.amount, order.currency))]
    return stated(
        kind="membership",
        plan=order.plan,
        period=words(order.period),
        months=order.months,
        promotion=order.promotion,
        upgrade_from=order.upgrade_from,
    )


def _show_page(screen: Screen, orders: Sequence[Order]) -> None:
    heads = columns("order", "what", "status", amount("CNY"), "channel", "opened (+08, UTC)")
    rows = [
        (
            order.order_id,
            money(order.amount, order.currency) if isinstance(order, RechargeOrder) else order.plan,
            words(order.status),
            str(order.price_cny),
            order.channel,
            moment(order.created_at),
        )
        for order in orders
    ]
    screen.table(heads, rows)
    if not rows:
        screen.note("The wallet has no orders.")


def _show_refund(screen: Screen, refund: OrderRefund) -> None:
    screen.facts(
        [
            *stated(
                refund_id=refund.refund_id, order_id=refund.order_id, wallet_id=refund.wallet_id
            ),
            ("status", words(refund.status)),
            ("amount", f"{refund.amount_cny} CNY"),
            *stated(channel=refund.channel, payment_id=refund.payment_id),
            *([("months taken back", str(refund.months))] if refund.months else []),
            ("requested", when(refund.requested_at)),
            ("settled", when(refund.resolved_at, "not yet")),
        ]
    )
    show_takes(screen, "taken from lot", refund.takes)
