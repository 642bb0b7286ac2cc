"""A CSV file as spreadsheet programs write it, as rows of texts."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from ledger.cli.command_error import CommandError

BYTES_MAX: Final = 64 * 1024 * 1024
"""A larger file is not read; it is better cut into several anyway."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Row(Struct, frozen=True):
    """A row: its number as a spreadsheet shows it, and its cells that are not empty."""

    number: int
    cells: Mapping[str, str]


class Fault(Struct, frozen=True):
    """Something wrong with a row."""

    row: int
    text: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.text}"


class Sheet(Struct, frozen=True):
    """A file as it was read: the names of its columns, and the records below them."""

    path: Path
    header: Sequence[str]
    records: Sequence[Sequence[str]]


def read_sheet(path: Path) -> Sheet:
    """The sheet in a CSV file. Raises CommandError for a file that is not CSV.

    UTF-8 with or without a byte order mark, lines ended by LF or CRLF; spaces around a cell, and
    empty columns at the end, as spreadsheet programs leave them, count for nothing.
    """
    records = [[cell.strip() for cell in record] for record in _records(path)]
    header = records[0] if records else []
    while header and not header[-1]:
        header.pop()
    return Sheet(path, header, records[1:])


def rows_of(sheet: Sheet, known: Sequence[str], needed: Sequence[str]) -> list[Row]:
    """The rows that are not empty. Raises CommandError where the columns are not right."""
    _check_header(sheet, known, needed)
    rows = []
    for number, cells in enumerate(sheet.records, 2):
        if any(cells[len(sheet.header) :]):
            raise CommandError(
                f"{sheet.path}, row {number} has more cells than the first line has columns; a "
                "cell with a comma is in double quotes"
            )
        if any(cells):
            named = zip(sheet.header, cells, strict=False)
            rows.append(Row(number, {name: cell for name, cell in named if cell}))
    if not rows:
        raise CommandError(f"{sheet.path} has no rows below its first line")
    return rows


def _records(path: Path) -> list[list[str]]:
    with path.open("rb") as file:
        raw = file.read(BYTES_MAX + 1)
    if len(raw) > BYTES_MAX:
        raise CommandError(
            f"{path} is larger than {BYTES_MAX >> 20} MiB: cut it into several files"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{path} is not UTF-8 (byte {error.start}): save it as “CSV UTF-8”"
        ) from None
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise CommandError(f"{path} does not read as CSV: {error}") from None


def _check_header(sheet: Sheet, known: Sequence[str], needed: Sequence[str]) -> None:
    """Raises CommandError unless each needed column is there once, and none that is not known."""
    header = sheet.header
    unknown = [name for name in header if name not in known]
    missing = [name for name in needed if name not in header]
    twice = [name for name in known if header.count(name) > 1]
    if unknown or missing or twice:
        wrong = [
            *([f"does not know {', '.join(ascii(name) for name in unknown)}"] if unknown else []),
            *([f"needs {', '.join(missing)}"] if missing else []),
            *([f"has {', '.join(twice)} more than once"] if twice else []),
        ]
        raise CommandError(
            f"{sheet.path}, first line: this command {'; '.join(wrong)}. The columns are "
            f"{', '.join(known)}; {', '.join(needed)} must be there"
        )


def digest_of(rows: Sequence[Row]) -> str:
    """A digest of the rows' cells, the same however the file is formatted."""
    content = msgspec.json.encode([(row.number, sorted(row.cells.items())) for row in rows])
    return hashlib.sha256(content).hexdigest()[:32]


def guarded(cell: str) -> str:
    """A cell that no spreadsheet program takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
