"""`ledger wallet explain` and `ledger charge explain`: the explanations of the API as tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ledger.cli.admin.connection_options import HERE, ConnectionOptions
from ledger.cli.admin.finding import wallet_of
from ledger.cli.admin.layout import Column, amount, columns, time, under
from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import open_session, wallet_path
from ledger.cli.admin.texts import NOTHING, Cell, facts_of, in_both_zones, moment, money, when

_LOTS: Final = columns(
    amount("#"),
    "source",
    amount("available"),
    amount("held"),
    amount("cost CNY"),
    time("expires (+08, UTC)"),
    under("lot"),
    under("from"),
    under("why"),
)
_UPCOMING: Final = columns(
    time("when (+08, UTC)"), "what", amount("change"), "currency", under("why")
)
_TAKES: Final = columns(
    "source",
    amount("amount"),
    amount("cost CNY"),
    amount("VAT"),
    amount("revenue"),
    amount("refunded"),
    under("lot"),
    under("why"),
)
_REFUNDS: Final = columns(
    time("when (+08, UTC)"), amount("given back"), amount("available again"), "by", under("reason")
)
_JOURNAL: Final = columns(
    "code", "account", amount("debit"), amount("credit"), "currency", under("path")
)


async def explain_wallet(wallet_id: str, *, where: ConnectionOptions = HERE) -> None:
    """Explain a balance: which lots there are, why they are spent in this order, what falls due."""
    async with open_session(where) as session:
        body = await session.get(wallet_path(wallet_id, "explanation"))
        session.show(body, _show_wallet)


async def explain_charge(
    charge_id: str, *, wallet: str | None = None, where: ConnectionOptions = HERE
) -> None:
    """Explain a charge: what it took, what that had cost, what it earned, what was refunded.

    The journal is shown to keys with finance:read or admin:write.

    Parameters
    ----------
    wallet
        Its wallet; it is looked for where this is left out.
    """
    async with open_session(where) as session:
        wallet_id = await wallet_of(session, "charge", charge_id, wallet)
        explanation_path = wallet_path(wallet_id, "charges", charge_id, "explanation")
        session.show(await session.get(explanation_path), _show_charge)


def _show_wallet(screen: Screen, body: Mapping[str, Any]) -> None:
    screen.facts(
        [
            ("wallet", body["wallet_id"]),
            ("status", body["status"]),
            ("as of", when(body["as_of"])),
            *_owed("owes", body["claim_cny"]),
            *_owed("payable to owner", body["payable_cny"]),
        ]
    )
    for sentence in body["why"]:
        screen.say(in_both_zones(sentence))
    for currency in body["currencies"]:
        rows = [_lot_row(lot) for lot in currency["lots"]]
        screen.table(_LOTS, rows, title=f"{currency['currency']}, in the order of spending")
        for restriction in (*currency["holds"], currency["limit"]):
            if restriction is not None:
                name = f"hold {restriction['hold_id']}" if "hold_id" in restriction else "limit"
                screen.say(f"{name}: {in_both_zones(restriction['why'])}")
    screen.table(
        _UPCOMING, [_due_row(due) for due in body["upcoming"]], title="what time alone will bring"
    )
    if body["upcoming_more"]:
        screen.note("There is more to come than is told here.")


def _owed(name: str, cny: str) -> list[tuple[str, str]]:
    return [] if cny == "0.00" else [(name, f"{cny} CNY")]


def _lot_row(lot: Mapping[str, Any]) -> Sequence[Cell]:
    return (
        str(lot["place"]),
        lot["source"],
        lot["available"],
        lot["held"],
        lot["cost_left_cny"] if lot["paid"] else NOTHING,
        moment(lot["expires_at"], "never"),
        lot["lot_id"],
        "; ".join(_origin(lot)),
        in_both_zones(lot["why"]),
    )


def _origin(lot: Mapping[str, Any]) -> Iterator[str]:
    """Where a lot came from: the event, who caused it and why, and the order that paid for it."""
    yield f"{lot['granted']} since {when(lot['granted_at'])}"
    origin, order = lot["origin"], lot["order"]
    if origin is not None:
        by = f" by {origin['caller']}" if origin["caller"] else ""
        why = f": {origin['reason']}" if origin["reason"] else ""
        yield f"{origin['type'].replace('_', ' ')}, seq {origin['seq']}{by}{why}"
    if order is not None:
        promotion = f", promotion {order['promotion']}" if order["promotion"] else ""
        payment = f", payment {order['payment_id']}" if order["payment_id"] else ""
        yield (
            f"order {order['order_id']}, {order['price_cny']} CNY by {order['channel']}, "
            f"{order['status'].replace('_', ' ')}{promotion}{payment}"
        )
    elif lot["order_id"] is not None:
        yield f"order {lot['order_id']}"


def _due_row(due: Mapping[str, Any]) -> Sequence[Cell]:
    return (
        moment(due["at"]),
        due["what"].replace("_", " "),
        due["amount"] or NOTHING,
        due["currency"] or NOTHING,
        in_both_zones(due["why"]),
    )


def _show_charge(screen: Screen, body: Mapping[str, Any]) -> None:
    screen.facts(
        [
            *facts_of(body, ("charge_id", "wallet_id")),
            ("amount", money(body["amount"], body["currency"])),
            ("refunded", money(body["refunded"], body["currency"])),
            ("charged", when(body["charged_at"])),
            *facts_of(body, ("caller", "reference", "price")),
            *([("hold", _hold_text(body["hold"]))] if body["hold"] else []),
            ("had cost", f"{body['cost_cny']} CNY, of it VAT {body['vat_cny']} CNY"),
            ("revenue", f"{body['revenue_cny']} CNY"),
        ]
    )
    for sentence in body["why"]:
        screen.say(in_both_zones(sentence))
    screen.table(_TAKES, [_take_row(take) for take in body["takes"]], title="taken from these lots")
    screen.table(_REFUNDS, [_refund_row(refund) for refund in body["refunds"]], title="refunds")
    if not body["refunds_complete"]:
        screen.note("There were more refunds than are told here.")
    if body["journal"] is not None:
        _show_journal(screen, _JOURNAL, body["journal"])


def _hold_text(hold: Mapping[str, Any]) -> str:
    return (
        f"{hold['hold_id']} of {hold['amount']}, authorized {when(hold['authorized_at'])}; "
        f"{hold['returned']} went back"
    )


def _take_row(take: Mapping[str, Any]) -> Sequence[Cell]:
    return (
        take["source"],
        take["amount"],
        take["cost_cny"],
        take["vat_cny"],
        take["revenue_cny"],
        take["refunded"],
        take["lot_id"],
        in_both_zones(take["why"]),
    )


def _refund_row(refund: Mapping[str, Any]) -> Sequence[Cell]:
    return (
        moment(refund["at"]),
        refund["amount"],
        refund["returned"],
        refund["caller"] or NOTHING,
        refund["reason"] or NOTHING,
    )


def _show_journal(screen: Screen, heads: Sequence[Column], journal: Mapping[str, Any]) -> None:
    legs = [
        (
            leg["code"],
            leg["name"],
            leg["debit"] or NOTHING,
            leg["credit"] or NOTHING,
            leg["currency"],
            leg["account"],
        )
        for leg in journal["legs"]
    ]
    screen.table(heads, legs, title=f"journal entry, seq {journal['seq']}, {journal['day']}")
