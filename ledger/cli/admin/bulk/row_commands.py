"""The call that each row of a sheet becomes, checked as the ledger's own API checks it."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from ledger.cli.admin.bulk.kinds import Cells, SheetKind
from ledger.cli.admin.bulk.sheets import Fault, Row
from ledger.contract.fields import checked_id, positive_amount
from ledger.contract.problems import ProblemError, malformed_from
from ledger.contract.shared import Body

_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Run(Struct, frozen=True):
    """The name of a run, and its caller; the same run again has the same keys."""

    name: str
    caller: str


class RowCommand(Struct, frozen=True):
    """One row, as the call that it becomes: its cells, their body, and the key that it has.

    `place` is the call's path. `total` names the sum that its `minor` units belong to; it is empty
    where only the answer about the subject has the currency.
    """

    row: int
    cells: Cells
    body: Body
    place: str
    key: str
    total: str = ""
    minor: int = 0


def row_command_of(
    kind: SheetKind, row: Row, run: Run, currencies: Sequence[str]
) -> RowCommand | Fault:
    """The call of a row, under the key that it has in a run; a Fault if the row is wrong."""
    cells = row.cells
    missing = [name for name in kind.needed if name not in cells]
    if missing:
        return Fault(row.number, f"{', '.join(missing)} is empty")
    try:
        given = _given(kind, cells)
        body = msgspec.convert(given, kind.body)
        minor = _minor(kind, cells)
        for name in kind.ids:
            checked_id(cells[name], name)
    except msgspec.ValidationError as error:
        problem = malformed_from(str(error), see="the API's own description")
        return Fault(row.number, problem.detail.removesuffix(" See the API's own description."))
    except ProblemError as error:
        return Fault(row.number, error.problem.detail)
    currency = getattr(body, "currency", None)
    if currency is not None and currency not in currencies:
        known = ", ".join(currencies)
        return Fault(row.number, f"currency was {currency!a}; it is one of {known}")
    place = kind.place(cells)
    key = _key(kind, row, run, place, given)
    return RowCommand(row.number, cells, body, place, key, kind.total(cells), minor)


def _given(kind: SheetKind, cells: Cells) -> dict[str, Any]:
    return {name: _value(name, text) for name, text in cells.items() if name not in kind.ids}


def _value(name: str, text: str) -> str | int | bool:
    """A cell as a value of the API's JSON: all but two columns are texts."""
    if name == "valid_for_s" and _WHOLE.fullmatch(text):
        return int(text)
    if name == "include_paid":
        return _BOOLEANS.get(text.lower(), text)
    return text


def _minor(kind: SheetKind, cells: Cells) -> int:
    return positive_amount(cells[kind.amount], kind.amount) if kind.amount else 0


def _key(kind: SheetKind, row: Row, run: Run, place: str, given: Mapping[str, Any]) -> str:
    """A row's key: the caller is part of it, since the ledger knows a key as its caller's alone."""
    content = msgspec.json.encode([run.caller, kind.name, place, sorted(given.items())])
    return f"bulk:{run.name}:{row.number}:{sha256(content).hexdigest()[:16]}"
