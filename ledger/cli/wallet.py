"""`ledger wallet show`: one wallet, as a support agent wants to see it."""

import asyncio

import msgspec
from rich.console import Console
from rich.table import Table

from ledger.cli.database import settings_with_database
from ledger.core.instants import SHANGHAI, Instant, format_instant, to_datetime
from ledger.core.money import format_amount
from ledger.core.terms import Terms
from ledger.core.wallet import Wallet
from ledger.queries.wallets import WalletView
from ledger.service import open_ledger


def run_show(wallet_id: str, *, as_json: bool) -> None:
    """Print a wallet with its dues applied."""
    view, terms = asyncio.run(_read(wallet_id))
    if as_json:
        print(msgspec.json.encode(_document(view, terms)).decode())
        return
    console = Console()
    console.print(
        f"wallet {wallet_id}, as of {_in_both_zones(view.as_of)}, last event {view.seq or 'none'}"
    )
    console.print(_balances(view.wallet, terms))
    console.print(_lots(view.wallet, terms))
    for hold in view.wallet.holds:
        amount = f"{format_amount(hold.amount_minor)} {terms.currency_code(hold.currency)}"
        console.print(f"hold {hold.hold_id}: {amount} until {_in_both_zones(hold.expires_at)}")
    for order in view.wallet.orders:
        price = format_amount(order.price_fen)
        console.print(f"order {order.order_id}: {price} CNY pending at {order.channel}")
    if view.wallet.membership is not None:
        plans = ", ".join(term.plan for term in view.wallet.membership.terms)
        console.print(f"membership {plans} since {_in_both_zones(view.wallet.membership.anchor)}")


async def _read(wallet_id: str) -> tuple[WalletView, Terms]:
    with settings_with_database() as settings:
        ledger = await open_ledger(settings)
        try:
            return await ledger.wallets.read(wallet_id), ledger.catalogue.at(ledger.clock.now())
        finally:
            await ledger.close()


def _in_both_zones(at: Instant) -> str:
    local = to_datetime(at).astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d %H:%M:%S} Shanghai ({format_instant(at)})"


def _balances(wallet: Wallet, terms: Terms) -> Table:
    table = Table("currency", "available", "held")
    for code, currency in terms.currencies.items():
        table.add_row(
            code,
            format_amount(wallet.available_minor(currency.number)),
            format_amount(wallet.held_minor(currency.number)),
        )
    return table


def _lots(wallet: Wallet, terms: Terms) -> Table:
    table = Table(title="lots, in the order they are spent")
    # An id that is cut short is of no use to anybody: it is folded instead.
    table.add_column("lot", overflow="fold")
    for name in ("source", "available", "held", "cost left", "expires"):
        table.add_column(name)
    for lot in wallet.lots:
        expires_at = lot.terms.expires_at
        table.add_row(
            lot.terms.lot_id,
            lot.terms.source,
            f"{format_amount(lot.available_minor)} {terms.currency_code(lot.terms.currency)}",
            format_amount(lot.held_minor),
            f"{format_amount(lot.cost_left_fen)} CNY",
            "never" if expires_at is None else format_instant(expires_at),
        )
    return table


def _document(view: WalletView, terms: Terms) -> dict[str, object]:
    return {
        "wallet_id": view.wallet.wallet_id,
        "seq": view.seq,
        "as_of": format_instant(view.as_of),
        "balances": {
            code: {
                "available": format_amount(view.wallet.available_minor(currency.number)),
                "held": format_amount(view.wallet.held_minor(currency.number)),
            }
            for code, currency in terms.currencies.items()
        },
        "lots": [
            {
                "lot_id": lot.terms.lot_id,
                "currency": terms.currency_code(lot.terms.currency),
                "source": lot.terms.source,
                "available": format_amount(lot.available_minor),
                "held": format_amount(lot.held_minor),
                "cost_left_fen": lot.cost_left_fen,
                "expires_at": lot.terms.expires_at and format_instant(lot.terms.expires_at),
            }
            for lot in view.wallet.lots
        ],
        "holds": [hold.hold_id for hold in view.wallet.holds],
        "orders": [order.order_id for order in view.wallet.orders],
    }
