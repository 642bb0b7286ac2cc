"""History: what was recorded of a wallet, newest first, and its orders."""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from ledger.contract.calls.orders import (
    EXAMPLE_RECHARGE_PAID,
    OrderAnswer,
    render_order,
)
from ledger.contract.examples import CHARGE
from ledger.contract.fields import Amount, Id, Moment
from ledger.contract.history.events import links_of, what
from ledger.contract.operation import Call, Operation
from ledger.contract.paging import Cursor, Keyset, Limit
from ledger.contract.problems import ProblemError, problem
from ledger.contract.response import Response
from ledger.contract.shared import Codes, optional_amount
from ledger.core import wire
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.queries.history import Entry, Place

_Int64 = Annotated[int, Meta(ge=0, le=2**63 - 1)]


# The wallet is part of the key: with the cursor of another, balances would be wrong.
_ENTRIES: Final = Keyset(tuple[Id, _Int64, dict[int, _Int64]])


_ORDERS: Final = Keyset(tuple[Id])


class HistoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of what happened, newest first."""

    limit: Limit = 100
    after: Cursor | UnsetType = UNSET


class EntryAnswer(Struct, frozen=True):
    """One recorded event of a wallet: what it was about, and what it left available.

    Amounts are of `currency`, which is null (and they with it) where no points moved; of several
    currencies it is the first. `at` is when it happened, `recorded_at` when it was written down.
    `amount_cny` is the money that it is about, `other_wallet_id` the wallet at the other end of a
    gift. `caller` is null for what fell due by itself. `what` says it in words.
    """

    seq: int
    at: Moment
    recorded_at: Moment
    type: str
    currency: str | None
    amount: Amount | None
    available_change: Amount | None
    available_after: Amount | None
    reference: str | None
    hold_id: str | None
    charge_id: str | None
    lot_id: str | None
    order_id: str | None
    transfer_id: str | None
    refund_id: str | None
    other_wallet_id: str | None
    amount_cny: Amount | None
    caller: str | None
    reason: str | None
    what: str


class EntriesAnswer(Struct, frozen=True):
    """A page of a wallet's entries, newest first."""

    items: list[EntryAnswer]
    next: str | None


class OrdersAnswer(Struct, frozen=True):
    """A page of a wallet's orders, newest first."""

    items: list[OrderAnswer]
    next: str | None


def render_entry(entry: Entry, codes: Codes) -> EntryAnswer:
    """An event as its wallet's owner sees it."""
    recorded, moved = entry.recorded, entry.moved
    links = links_of(recorded.event)
    amount = None
    if moved is not None:
        own = links.amount_minor
        amount = format_amount(moved.amount_minor if own is None else own)
    return EntryAnswer(
        seq=recorded.seq,
        at=format_instant(recorded.occurred_at),
        recorded_at=format_instant(recorded.recorded_at),
        type=wire.tag_of(recorded.event).rpartition("_v")[0],
        currency=None if moved is None else codes[moved.currency],
        amount=amount,
        available_change=None if moved is None else format_amount(moved.change_minor),
        available_after=None if moved is None else format_amount(moved.available_after_minor),
        reference=links.reference,
        hold_id=links.hold_id,
        charge_id=links.charge_id,
        lot_id=links.lot_id,
        order_id=links.order_id,
        transfer_id=links.transfer_id,
        refund_id=links.refund_id,
        other_wallet_id=links.other_wallet_id,
        amount_cny=optional_amount(links.money_fen),
        caller=recorded.caller or None,
        reason=recorded.reason,
        what=what(recorded.event, codes),
    )


async def list_entries(call: Call[None, HistoryQuery]) -> Response:
    """List what was recorded of the wallet."""
    wallet_id, query, codes = call.params["wallet_id"], call.query, call.currencies.codes
    place = None if isinstance(query.after, UnsetType) else _place(query.after, wallet_id)
    entries, following = await call.ledger.history.read_entries(wallet_id, place, query.limit)
    cursor = None
    if following is not None:
        cursor = _ENTRIES.cursor((wallet_id, following.before_seq, following.available))
    return Response(200, EntriesAnswer([render_entry(entry, codes) for entry in entries], cursor))


def _place(after: str, wallet_id: str) -> Place:
    owner, before_seq, available = _ENTRIES.key(after)
    if owner != wallet_id:
        detail = "after is a cursor of another wallet; take it from the `next` of a page of this."
        raise ProblemError(problem("malformed", detail, field="after"))
    return Place(before_seq, available)


async def list_orders(call: Call[None, HistoryQuery]) -> Response:
    """List the wallet's orders."""
    wallet_id, query, codes = call.params["wallet_id"], call.query, call.currencies.codes
    before_id = None if isinstance(query.after, UnsetType) else _ORDERS.key(query.after)[0]
    orders, more = await call.ledger.orders.list(wallet_id, before_id, query.limit)
    cursor = _ORDERS.cursor((orders[-1].order_id,)) if more else None
    instructions = call.ledger.payments.instructions
    items = [render_order(wallet_id, order, instructions(order), codes) for order in orders]
    return Response(200, OrdersAnswer(items, cursor))


OPERATIONS: Final = (
    Operation(
        id="listEntries",
        method="GET",
        path="/v1/wallets/{wallet_id}/entries",
        tag="Wallet",
        summary="List what was recorded of a wallet, newest first",
        description=(
            "`available_change` is signed; `available_after` is what was available of the "
            "currency right after, on every page. `reason` is null once it was erased."
        ),
        run=list_entries,
        scopes=("wallet:read",),
        query=HistoryQuery,
        answers={200: EntriesAnswer},
        example_query={"limit": "2"},
        example_answer=EntriesAnswer(
            [
                EntryAnswer(
                    seq=4711,
                    at="2026-03-01T01:00:00.123456Z",
                    recorded_at="2026-03-01T01:00:00.123456Z",
                    type="debit_charged",
                    currency="INSPIRATION",
                    amount="10.00",
                    available_change="-10.00",
                    available_after="56.00",
                    reference="render-1842",
                    hold_id=None,
                    charge_id=CHARGE,
                    lot_id=None,
                    order_id=None,
                    transfer_id=None,
                    refund_id=None,
                    other_wallet_id=None,
                    amount_cny=None,
                    caller="app",
                    reason=None,
                    what="Points were charged in one step",
                )
            ],
            None,
        ),
    ),
    Operation(
        id="listOrders",
        method="GET",
        path="/v1/wallets/{wallet_id}/orders",
        tag="Orders",
        summary="List a wallet's orders, newest first",
        run=list_orders,
        scopes=("wallet:read", "order:write"),
        query=HistoryQuery,
        answers={200: OrdersAnswer},
        example_query={"limit": "20"},
        example_answer=OrdersAnswer([EXAMPLE_RECHARGE_PAID], None),
    ),
)
