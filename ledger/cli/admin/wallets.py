"""`ledger wallet …`: one wallet, as a support agent looks at it, and what may be done with it."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from cyclopts import App

from ledger.cli.admin.connection_options import (
    CHANGING,
    HERE,
    ON_HOST,
    Amount,
    ChangeOptions,
    ConnectionOptions,
    HostOptions,
    Id,
)
from ledger.cli.admin.holds import show_holds
from ledger.cli.admin.session import listing, open_session, open_session_or_host
from ledger.cli.screen import Screen, amount, columns
from ledger.cli.texts import NOTHING, instant, moment, when, yuan
from ledger.client.results import Claim, Frozen, LimitSet, Lot, Membership, Wallet

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


@app.command
async def show(wallet_id: Id, *, at: str | None = None, where: HostOptions = ON_HOST) -> None:
    """Show a wallet: balances, lots in spending order, open holds, membership, limits.

    Over the API where --url, --key-file or LEDGER_URL is given; else from the database that
    LEDGER_DATABASE_URL or LEDGER_DATA_DIR names, on the host.

    Parameters
    ----------
    at
        As it was then, such as 2026-03-01 or 2026-03-01T09:00:00+08:00.
    """
    moment_of_past = None if at is None else instant(at)
    async with open_session_or_host(where) as session:
        client = session.client
        wallet = await client.wallet(wallet_id, at=moment_of_past)
        if session.as_json:
            session.screen.document(wallet.document)
            return
        lots = await client.lots(wallet_id, at=moment_of_past)
        _show_wallet(session.screen, wallet)
        _show_lots(session.screen, lots)
        if at is None:
            holds = await listing(
                lambda limit, after: client.open_holds_page(wallet_id, limit=limit, after=after)
            )
            show_holds(session.screen, holds.items)


@app.command
async def lots(wallet_id: Id, *, at: str | None = None, where: ConnectionOptions = HERE) -> None:
    """List the lots that have anything left, in the order in which they are spent.

    Parameters
    ----------
    at
        As they were then, such as 2026-03-01 or 2026-03-01T09:00:00+08:00.
    """
    past = None if at is None else instant(at)
    async with open_session(where) as session:
        client = session.client
        lots = await listing(
            lambda limit, after: client.lots_page(wallet_id, at=past, limit=limit, after=after)
        )
        session.show(lots, lambda screen, lots: _show_page_of_lots(screen, lots.items))


@app.command
async def freeze(wallet_id: Id, *, reason: str, where: ChangeOptions = CHANGING) -> None:
    """Let nothing be spent, converted, given away or claimed until further notice."""
    async with open_session(where) as session:
        frozen = await session.change(
            where.idempotency_key,
            partial(session.client.freeze, wallet_id, reason=reason),
        )
        session.show(frozen, _show_frozen)


@app.command
async def unfreeze(wallet_id: Id, *, reason: str, where: ChangeOptions = CHANGING) -> None:
    """Let a frozen wallet spend again."""
    async with open_session(where) as session:
        frozen = await session.change(
            where.idempotency_key,
            partial(session.client.unfreeze, wallet_id, reason=reason),
        )
        session.show(frozen, _show_frozen)


@app.command
async def limit(
    wallet_id: Id,
    currency: str,
    *,
    reason: str,
    day: Amount | None = None,
    single: Amount | None = None,
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
        limited = await session.change(
            where.idempotency_key,
            partial(
                session.client.set_limit, wallet_id, currency, reason=reason, day=day, single=single
            ),
        )
        session.show(limited, _show_limit)


def _show_wallet(screen: Screen, wallet: Wallet) -> None:
    screen.facts(
        [
            ("wallet", wallet.wallet_id),
            ("status", wallet.status),
            ("as of", when(wallet.as_of)),
            ("last event", str(wallet.seq or "none: the ledger has never seen this wallet")),
            *_membership(wallet.membership),
            *([("owes", _claims(wallet.claims))] if wallet.claims else []),
            *([("payable to owner", yuan(wallet.payable_fen))] if wallet.payable_fen else []),
        ]
    )
    balances = [
        (code, str(balance.available), str(balance.held), str(balance.expiring_soon))
        for code, balance in wallet.balances.items()
    ]
    heads = columns("currency", amount("available"), amount("held"), amount("expiring in 24 h"))
    screen.table(heads, balances)
    limits = [
        (
            limit.currency,
            "none" if limit.day is None else str(limit.day),
            str(limit.charged_today),
            "none" if limit.single is None else str(limit.single),
        )
        for limit in wallet.limits
    ]
    heads = columns("limit on", amount("a day"), amount("spent today"), amount("a charge"))
    screen.table(heads, limits)


def _membership(membership: Membership | None) -> list[tuple[str, str]]:
    if membership is None:
        return []
    renews = "renews" if membership.renews else "does not renew"
    return [
        ("membership", f"{membership.plan} until {when(membership.ends_at)}, {renews}"),
        *([("next points", when(membership.next_grant_at))] if membership.next_grant_at else []),
    ]


def _claims(claims: Sequence[Claim]) -> str:
    return ", ".join(f"{claim.open_cny} CNY of order {claim.order_id}" for claim in claims)


def _show_page_of_lots(screen: Screen, lots: Sequence[Lot]) -> None:
    _show_lots(screen, lots)
    if not lots:
        screen.note("The wallet has no lots with anything left.")


def _show_lots(screen: Screen, lots: Sequence[Lot]) -> None:
    heads = columns(
        "lot",
        "source",
        amount("available"),
        amount("held"),
        "currency",
        amount("cost"),
        "expires (+08, UTC)",
    )
    rows = [
        (
            lot.lot_id,
            lot.source,
            str(lot.available),
            str(lot.held),
            lot.currency,
            yuan(lot.cost_fen) if lot.cost_fen else NOTHING,
            moment(lot.expires_at, "never"),
        )
        for lot in lots
    ]
    screen.table(heads, rows, title="lots, in the order they are spent")


def _show_frozen(screen: Screen, frozen: Frozen) -> None:
    state = "frozen" if frozen.frozen else "not frozen"
    screen.say(f"{frozen.wallet_id} is {state}.")


def _show_limit(screen: Screen, limit: LimitSet) -> None:
    day = "no limit" if limit.day is None else limit.day
    single = "no limit" if limit.single is None else limit.single
    screen.say(f"{limit.wallet_id}, {limit.currency}: a day {day}, a charge {single}.")
