"""`ledger wallet explain` and `ledger charge explain`: the explanations of the API as tables."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Id
from ledger.cli.admin.finding import wallet_of
from ledger.cli.admin.session import open_session
from ledger.cli.admin.takes import price_text
from ledger.cli.screen import Screen, amount, columns, long
from ledger.cli.texts import NOTHING, Cell, in_both_zones, moment, money, stated, when, words
from ledger.client.results import (
    ChargeExplanation,
    ChargeHold,
    ChargeJournal,
    ExplainedCurrency,
    ExplainedLot,
    ExplainedRefund,
    ExplainedTake,
    Upcoming,
    WalletExplanation,
)

_LOTS: Final = columns(
    amount("#"),
    "source",
    amount("available"),
    amount("held"),
    amount("cost CNY"),
    "expires (+08, UTC)",
    "lot",
    long("from"),
    long("why"),
)
_UPCOMING: Final = columns("when (+08, UTC)", "what", amount("change"), "currency", long("why"))
_TAKES: Final = columns(
    "source",
    amount("amount"),
    amount("cost CNY"),
    amount("VAT"),
    amount("revenue"),
    amount("refunded"),
    "lot",
    long("why"),
)
_REFUNDS: Final = columns(
    "when (+08, UTC)", amount("given back"), amount("available again"), "by", long("reason")
)
_JOURNAL: Final = columns("code", amount("debit"), amount("credit"), "currency", "account")


async def explain_wallet(wallet_id: Id, *, where: ConnectionOptions = HERE) -> None:
    """Explain a balance: which lots there are, why they are spent in this order, what falls due."""
    async with open_session(where) as session:
        session.show(await session.client.explain_wallet(wallet_id), _show_wallet)


async def explain_charge(
    charge_id: Id, *, wallet: Id | None = None, where: ConnectionOptions = HERE
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
        session.show(await session.client.explain_charge(wallet_id, charge_id), _show_charge)


def _show_wallet(screen: Screen, wallet: WalletExplanation) -> None:
    screen.facts(
        [
            ("wallet", wallet.wallet_id),
            ("status", wallet.status),
            ("as of", when(wallet.as_of)),
            *_owed("owes", wallet.claim_cny),
            *_owed("payable to owner", wallet.payable_cny),
        ]
    )
    for sentence in wallet.why:
        screen.say(in_both_zones(sentence))
    for currency in wallet.currencies:
        _show_currency(screen, currency)
    screen.table(
        _UPCOMING, [_due_row(due) for due in wallet.upcoming], title="what time alone will bring"
    )
    if wallet.upcoming_more:
        screen.note("There is more to come than is told here.")


def _show_currency(screen: Screen, currency: ExplainedCurrency) -> None:
    rows = [_lot_row(lot) for lot in currency.lots]
    screen.table(_LOTS, rows, title=f"{currency.currency}, in the order of spending")
    for hold in currency.holds:
        screen.say(f"hold {hold.hold_id}: {in_both_zones(hold.why)}")
    if currency.limit is not None:
        screen.say(f"limit: {in_both_zones(currency.limit.why)}")


def _owed(name: str, cny: Decimal) -> list[tuple[str, str]]:
    return [(name, f"{cny} CNY")] if cny else []


def _lot_row(lot: ExplainedLot) -> Sequence[Cell]:
    return (
        str(lot.place),
        lot.source,
        str(lot.available),
        str(lot.held),
        str(lot.cost_left_cny) if lot.paid else NOTHING,
        moment(lot.expires_at, "never"),
        lot.lot_id,
        "; ".join(_origin(lot)),
        in_both_zones(lot.why),
    )


def _origin(lot: ExplainedLot) -> Iterator[str]:
    """Where a lot came from: the event, who caused it and why, and the order that paid for it."""
    yield f"{lot.granted} since {when(lot.granted_at)}"
    origin, order = lot.origin, lot.order
    if origin is not None:
        by = f" by {origin.caller}" if origin.caller else ""
        why = f": {origin.reason}" if origin.reason else ""
        yield f"{words(origin.type)}, seq {origin.seq}{by}{why}"
    if order is not None:
        promotion = f", promotion {order.promotion}" if order.promotion else ""
        payment = f", payment {order.payment_id}" if order.payment_id else ""
        yield (
            f"order {order.order_id}, {order.price_cny} CNY by {order.channel}, "
            f"{words(order.status)}{promotion}{payment}"
        )
    elif lot.order_id is not None:
        yield f"order {lot.order_id}"


def _due_row(due: Upcoming) -> Sequence[Cell]:
    return (
        moment(due.at),
        words(due.what),
        NOTHING if due.amount is None else str(due.amount),
        due.currency or NOTHING,
        in_both_zones(due.why),
    )


def _show_charge(screen: Screen, charge: ChargeExplanation) -> None:
    screen.facts(
        [
            *stated(charge_id=charge.charge_id, wallet_id=charge.wallet_id),
            ("amount", money(charge.amount, charge.currency)),
            ("refunded", money(charge.refunded, charge.currency)),
            ("charged", when(charge.charged_at)),
            *stated(
                caller=charge.caller, reference=charge.reference, price=price_text(charge.price)
            ),
            *([("hold", _hold_text(charge.hold))] if charge.hold else []),
            ("had cost", f"{charge.cost_cny} CNY, of it VAT {charge.vat_cny} CNY"),
            ("revenue", f"{charge.revenue_cny} CNY"),
        ]
    )
    for sentence in charge.why:
        screen.say(in_both_zones(sentence))
    screen.table(_TAKES, [_take_row(take) for take in charge.takes], title="taken from these lots")
    screen.table(_REFUNDS, [_refund_row(refund) for refund in charge.refunds], title="refunds")
    if not charge.refunds_complete:
        screen.note("There were more refunds than are told here.")
    if charge.journal is not None:
        _show_journal(screen, charge.journal)


def _hold_text(hold: ChargeHold) -> str:
    return (
        f"{hold.hold_id} of {hold.amount}, authorized {when(hold.authorized_at)}; "
        f"{hold.returned} went back"
    )


def _take_row(take: ExplainedTake) -> Sequence[Cell]:
    return (
        take.source,
        str(take.amount),
        str(take.cost_cny),
        str(take.vat_cny),
        str(take.revenue_cny),
        str(take.refunded),
        take.lot_id,
        in_both_zones(take.why),
    )


def _refund_row(refund: ExplainedRefund) -> Sequence[Cell]:
    return (
        moment(refund.at),
        str(refund.amount),
        str(refund.returned),
        refund.caller or NOTHING,
        refund.reason or NOTHING,
    )


def _show_journal(screen: Screen, journal: ChargeJournal) -> None:
    legs = [
        (
            leg.code,
            NOTHING if leg.debit is None else str(leg.debit),
            NOTHING if leg.credit is None else str(leg.credit),
            leg.currency,
            (leg.name, leg.account),
        )
        for leg in journal.legs
    ]
    screen.table(_JOURNAL, legs, title=f"journal entry, seq {journal.seq}, {journal.day}")
