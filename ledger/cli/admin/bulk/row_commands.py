"""The call that each row of a sheet becomes, checked as the ledger's own API checks it."""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from ledger.cli.admin.bulk.sheets import Fault, Row
from ledger.cli.admin.session import path, wallet_path
from ledger.cli.command_error import CommandError
from ledger.contract.calls.charges import RefundBody
from ledger.contract.calls.grants import GrantBody
from ledger.contract.calls.refunds import RefundOrderBody
from ledger.contract.fields import positive_amount
from ledger.contract.problems import ProblemError, malformed_from
from ledger.contract.proposals.drafts import AdjustmentBody
from ledger.contract.shared import Body, ReasonBody

_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Run(Struct, frozen=True):
    """The name of a run, and its caller; the same run again has the same keys."""

    name: str
    caller: str


class RowCommand(Struct, frozen=True):
    """One row, as the call that it becomes.

    `subject` is the path of the wallet, order or charge that it is about, which is read before
    anything is done. `total` names the sum that its `minor` units belong to; it is empty where only
    the answer about the subject has the currency.
    """

    row: int
    path: str
    body: Mapping[str, Any]
    key: str
    subject: str
    total: str = ""
    minor: int = 0


class SheetKind(Struct, frozen=True):
    """A kind of sheet: its columns, the body they make, and the path that it is posted to.

    `ids` are columns of the path, not of the body. `made` is the field of the answer with the id of
    what was made. `amount` is the column that is added up, `total` names the sum it belongs to.
    """

    name: str
    body: type[Body]
    columns: Sequence[str]
    needed: Sequence[str]
    path: Callable[[Mapping[str, str]], str]
    subject: Callable[[Mapping[str, str]], str]
    made: str
    ids: Sequence[str] = ("wallet_id",)
    amount: str = ""
    total: Callable[[Mapping[str, str]], str] = lambda _: ""


GRANT: Final = SheetKind(
    name="grant",
    body=GrantBody,
    columns=("wallet_id", "currency", "amount", "source", "reason", "expires_at"),
    needed=("wallet_id", "currency", "amount", "source", "reason"),
    path=lambda cells: wallet_path(cells["wallet_id"], "grants"),
    subject=lambda cells: wallet_path(cells["wallet_id"]),
    made="lot_id",
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
    path=lambda _: path("v1", "adjustments"),
    subject=lambda cells: wallet_path(cells["wallet_id"]),
    made="proposal_id",
    ids=(),
    amount="amount",
    total=lambda cells: f"{cells['currency']}:{cells['direction']}",
)
FREEZE: Final = SheetKind(
    name="freeze",
    body=ReasonBody,
    columns=("wallet_id", "reason"),
    needed=("wallet_id", "reason"),
    path=lambda cells: wallet_path(cells["wallet_id"], "freeze"),
    subject=lambda cells: wallet_path(cells["wallet_id"]),
    made="wallet_id",
)
REFUND_CHARGES: Final = SheetKind(
    name="refund",
    body=RefundBody,
    columns=("wallet_id", "charge_id", "amount", "reason"),
    needed=("wallet_id", "charge_id", "amount", "reason"),
    path=lambda cells: wallet_path(cells["wallet_id"], "charges", cells["charge_id"], "refund"),
    subject=lambda cells: wallet_path(cells["wallet_id"], "charges", cells["charge_id"]),
    made="charge_id",
    ids=("wallet_id", "charge_id"),
    amount="amount",
)
REFUND_ORDERS: Final = SheetKind(
    name="refund",
    body=RefundOrderBody,
    columns=("order_id", "amount_cny", "reason"),
    needed=("order_id", "amount_cny", "reason"),
    path=lambda cells: path("v1", "orders", cells["order_id"], "refund"),
    subject=lambda cells: path("v1", "orders", cells["order_id"]),
    made="refund_id",
    ids=("order_id",),
    amount="amount_cny",
    total=lambda _: "CNY",
)


def row_command_of(
    kind: SheetKind, row: Row, run: Run, currencies: Sequence[str]
) -> RowCommand | Fault:
    """The call of a row, under the key that it has in a run; a Fault if the row is wrong."""
    cells = row.cells
    missing = [name for name in kind.needed if name not in cells]
    if missing:
        return Fault(row.number, f"{', '.join(missing)} is empty")
    try:
        body = _body(kind, cells)
        decoded = msgspec.convert(body, kind.body)
        minor = _minor(kind, cells)
        call_path, subject = kind.path(cells), kind.subject(cells)
    except msgspec.ValidationError as error:
        problem = malformed_from(str(error), see="the API's own description")
        return Fault(row.number, problem.detail.removesuffix(" See the API's own description."))
    except ProblemError as error:
        return Fault(row.number, error.problem.detail)
    except CommandError as error:
        return Fault(row.number, str(error))
    currency = getattr(decoded, "currency", None)
    if currency is not None and currency not in currencies:
        known = ", ".join(currencies)
        return Fault(row.number, f"currency was {currency!a}; it is one of {known}")
    key = _key(kind, row, run, call_path, body)
    return RowCommand(row.number, call_path, body, key, subject, kind.total(cells), minor)


def _body(kind: SheetKind, cells: Mapping[str, str]) -> dict[str, Any]:
    return {name: _value(name, text) for name, text in cells.items() if name not in kind.ids}


def _value(name: str, text: str) -> str | int | bool:
    """A cell as a value of the API's JSON: all but two columns are texts."""
    if name == "valid_for_s" and _WHOLE.fullmatch(text):
        return int(text)
    if name == "include_paid":
        return _BOOLEANS.get(text.lower(), text)
    return text


def _minor(kind: SheetKind, cells: Mapping[str, str]) -> int:
    return positive_amount(cells[kind.amount], kind.amount) if kind.amount else 0


def _key(kind: SheetKind, row: Row, run: Run, call_path: str, body: Mapping[str, Any]) -> str:
    """A row's key: the caller is part of it, since the ledger knows a key as its caller's alone."""
    content = msgspec.json.encode([run.caller, kind.name, call_path, sorted(body.items())])
    return f"bulk:{run.name}:{row.number}:{sha256(content).hexdigest()[:16]}"
