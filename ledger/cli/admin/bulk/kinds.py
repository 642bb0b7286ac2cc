"""The kinds of sheets: their columns, what a row is about, and the call that it becomes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from ledger.client import LedgerClient
from ledger.contract.calls.charges import RefundBody
from ledger.contract.calls.grants import GrantBody
from ledger.contract.calls.refunds import RefundOrderBody
from ledger.contract.proposals.drafts import AdjustmentBody
from ledger.contract.shared import Body, ReasonBody, given

Cells = Mapping[str, str]
"""A row's cells by their columns."""


class Subject(Struct, frozen=True):
    """What a row is about, as the ledger has it: its currency, and why nothing can be done.

    A wallet that the ledger has never seen may be meant all the same.
    """

    currency: str = ""
    fault: str = ""
    is_new_wallet: bool = False


class SheetKind(Struct, frozen=True):
    """A kind of sheet: its columns, and the body that they make but for the `ids`.

    `place` is the call's path, by which the keys of its rows are told apart. `look` reads what a
    row is about, `send` does it under a key and returns the id of what was made. `amount` is the
    column that is added up, `total` names the sum that it belongs to; it is empty where only the
    subject has the currency.
    """

    name: str
    body: type[Body]
    columns: Sequence[str]
    needed: Sequence[str]
    place: Callable[[Cells], str]
    look: Callable[[LedgerClient, Cells], Awaitable[Subject]]
    send: Callable[[LedgerClient, Cells, Any, str], Awaitable[str]]
    ids: Sequence[str] = ("wallet_id",)
    amount: str = ""
    total: Callable[[Cells], str] = lambda _: ""


async def _wallet(client: LedgerClient, cells: Cells) -> Subject:
    wallet = await client.wallet(cells["wallet_id"])
    if wallet.status == "closed":
        return Subject(fault=f"wallet {wallet.wallet_id} is closed")
    if wallet.seq:
        return Subject()
    unseen = f"the ledger has never seen wallet {wallet.wallet_id}"
    return Subject(fault=f"{unseen}: if its id is right, say --new-wallets", is_new_wallet=True)


async def _charge(client: LedgerClient, cells: Cells) -> Subject:
    charge = await client.charge(cells["wallet_id"], cells["charge_id"])
    return Subject(charge.currency)


async def _order(client: LedgerClient, cells: Cells) -> Subject:
    order = await client.order(cells["order_id"])
    unpaid = order.status in {"pending", "closed"}
    fault = f"order {order.order_id} was not paid: it is {order.status}" if unpaid else ""
    return Subject("CNY", fault)


async def _grant(client: LedgerClient, cells: Cells, body: GrantBody, key: str) -> str:
    granted = await client.grant(
        cells["wallet_id"],
        body.currency,
        body.amount,
        source=body.source,
        reason=body.reason,
        expires_at=given(body.expires_at),
        idempotency_key=key,
    )
    return granted.lot_id


async def _adjust(client: LedgerClient, cells: Cells, body: AdjustmentBody, key: str) -> str:
    proposal = await client.propose_adjustment(
        cells["wallet_id"],
        body.direction,
        body.currency,
        body.amount,
        reason=body.reason,
        evidence=given(body.evidence),
        valid_for_s=body.valid_for_s,
        source=given(body.source),
        expires_at=given(body.expires_at),
        lot_id=given(body.lot_id),
        include_paid=given(body.include_paid),
        idempotency_key=key,
    )
    return proposal.proposal_id


async def _freeze(client: LedgerClient, cells: Cells, body: ReasonBody, key: str) -> str:
    frozen = await client.freeze(cells["wallet_id"], reason=body.reason, idempotency_key=key)
    return frozen.wallet_id


async def _refund_charge(client: LedgerClient, cells: Cells, body: RefundBody, key: str) -> str:
    refunded = await client.refund_charge(
        cells["wallet_id"],
        cells["charge_id"],
        given(body.amount),
        reason=body.reason,
        idempotency_key=key,
    )
    return refunded.charge_id


async def _refund_order(client: LedgerClient, cells: Cells, body: RefundOrderBody, key: str) -> str:
    requested = await client.refund_order(
        cells["order_id"], given(body.amount_cny), reason=body.reason, idempotency_key=key
    )
    return requested.refund_id


GRANT: Final = SheetKind(
    name="grant",
    body=GrantBody,
    columns=("wallet_id", "currency", "amount", "source", "reason", "expires_at"),
    needed=("wallet_id", "currency", "amount", "source", "reason"),
    place=lambda cells: f"/v1/wallets/{cells['wallet_id']}/grants",
    look=_wallet,
    send=_grant,
    amount="amount",
    total=lambda cells: cells["currency"],
)
ADJUST: Final = SheetKind(
    name="adjust",
    body=AdjustmentBody,
    columns=(
        "wallet_id",
        "direction",
        "currency",
        "amount",
        "reason",
        "evidence",
        "source",
        "expires_at",
        "lot_id",
        "include_paid",
        "valid_for_s",
    ),
    needed=("wallet_id", "direction", "currency", "amount", "reason"),
    place=lambda _: "/v1/adjustments",
    look=_wallet,
    send=_adjust,
    ids=(),
    amount="amount",
    total=lambda cells: f"{cells['currency']}:{cells['direction']}",
)
FREEZE: Final = SheetKind(
    name="freeze",
    body=ReasonBody,
    columns=("wallet_id", "reason"),
    needed=("wallet_id", "reason"),
    place=lambda cells: f"/v1/wallets/{cells['wallet_id']}/freeze",
    look=_wallet,
    send=_freeze,
)
REFUND_CHARGES: Final = SheetKind(
    name="refund",
    body=RefundBody,
    columns=("wallet_id", "charge_id", "amount", "reason"),
    needed=("wallet_id", "charge_id", "amount", "reason"),
    place=lambda cells: f"/v1/wallets/{cells['wallet_id']}/charges/{cells['charge_id']}/refund",
    look=_charge,
    send=_refund_charge,
    ids=("wallet_id", "charge_id"),
    amount="amount",
)
REFUND_ORDERS: Final = SheetKind(
    name="refund",
    body=RefundOrderBody,
    columns=("order_id", "amount_cny", "reason"),
    needed=("order_id", "amount_cny", "reason"),
    place=lambda cells: f"/v1/orders/{cells['order_id']}/refund",
    look=_order,
    send=_refund_order,
    ids=("order_id",),
    amount="amount_cny",
    total=lambda _: "CNY",
)
