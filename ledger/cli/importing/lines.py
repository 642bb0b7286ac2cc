"""A CSV file as rows of texts, read strictly, one line at a time, whatever is in it."""

import csv
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final

from ledger.cli.importing.faults import Fault, Faults, shown

LINE_BYTES_MAX: Final = 8_192
"""Ten times the longest row that can be right: a file without line ends is not read at once."""

OnBytes = Callable[[bytes], None]
"""Called with all bytes that are read, in order."""


def stream_rows(
    path: Path, columns: Sequence[str], faults: Faults, on_bytes: OnBytes
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The line number and the cells, in the order of `columns`, of every row that reads as CSV.

    UTF-8 with or without a byte order mark, lines ended by LF or CRLF, the columns' names on the
    first one. A row is one line; blank ones count for nothing. Everything else is a fault.
    """
    if not path.is_file():
        faults.add(Fault(path.name, None, None, "no regular file", "a CSV file"))
        return
    width = 0
    pick: Callable[[Sequence[str]], tuple[str, ...]] | None = None
    for line, raw in _lines(path, on_bytes):
        if faults.full:
            return
        cells = _cells(path.name, line, raw, faults)
        if line == 1:
            if cells is None or not _is_header(cells, columns, path.name, faults):
                return
            pick = itemgetter(*map(cells.index, columns))
            width = len(cells)
        elif cells and len(cells) != width:
            wanted = f"{width} cells, as the first line has"
            faults.add(Fault(path.name, line, None, f"{len(cells)} cells", wanted))
        elif cells:
            assert pick is not None
            yield line, pick(cells)
    if pick is None:
        faults.add(Fault(path.name, 1, None, "an empty file", f"the header {','.join(columns)}"))


def _lines(path: Path, on_bytes: OnBytes) -> Iterator[tuple[int, bytes]]:
    """Numbered lines; of one that is too long, just enough to see that."""
    with path.open("rb") as file:
        line = 0
        while raw := file.readline(LINE_BYTES_MAX + 1):
            line += 1
            on_bytes(raw)
            yield line, raw
            while len(raw) > LINE_BYTES_MAX and not raw.endswith(b"\n"):
                raw = file.readline(LINE_BYTES_MAX + 1)
                on_bytes(raw)
                if len(raw) <= LINE_BYTES_MAX:
                    break


def _cells(name: str, line: int, raw: bytes, faults: Faults) -> list[str] | None:
    """The cells of a line, none of a blank one; None and a fault if it is no line of CSV."""
    if len(raw) > LINE_BYTES_MAX:
        wanted = f"a row of at most {LINE_BYTES_MAX} bytes"
        faults.add(Fault(name, line, None, "a longer line", wanted))
        return None
    try:
        text = raw.decode("utf-8-sig" if line == 1 else "utf-8")
        return next(csv.reader((text,), strict=True), [])
    except UnicodeDecodeError as error:
        actual = f"the byte {raw[error.start]:#04x}"
        faults.add(Fault(name, line, None, actual, "text in UTF-8"))
    except csv.Error as error:
        wanted = 'a row on a line of its own; a cell with a comma in double quotes, a " in it twice'
        faults.add(Fault(name, line, None, str(error), wanted))
    return None


def _is_header(cells: list[str], columns: Sequence[str], name: str, faults: Faults) -> bool:
    before = len(faults.kept)
    wanted = f"each of {', '.join(columns)} once, in any order"
    for cell in dict.fromkeys(cells):
        if cell not in columns:
            faults.add(Fault(name, 1, None, f"the column {shown(cell)}", wanted))
        elif cells.count(cell) > 1:
            faults.add(Fault(name, 1, cell, "the column more than once", wanted))
    for column in columns:
        if column not in cells:
            faults.add(Fault(name, 1, column, "no such column", wanted))
    return len(faults.kept) == before
