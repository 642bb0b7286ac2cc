"""Tables as lines of text, laid out for a window of some width or for a pipe; pure."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

from msgspec import Struct
from rich.cells import cell_len, chop_cells

from ledger.cli.admin.texts import NOTHING, Cell, visible

_GAP: Final = 2
_INDENT: Final = 4
_NARROW: Final = 6
"""No column is made narrower than this."""


class Column(Struct, frozen=True):
    """A column: numbers are aligned to the `right`, a `firm` one (amounts, times) never breaks.

    The text of an `under` one, such as a long id, goes on a line of its own under the row where the
    window is too narrow for all columns.
    """

    name: str
    right: bool = False
    firm: bool = False
    under: bool = False


def amount(name: str) -> Column:
    """A column of amounts."""
    return Column(name, right=True, firm=True)


def time(name: str) -> Column:
    """A column of times."""
    return Column(name, firm=True)


def under(name: str) -> Column:
    """A column of long ids or texts."""
    return Column(name, under=True)


def columns(*names: str | Column) -> list[Column]:
    """Columns, most of them by name only."""
    return [Column(name) if isinstance(name, str) else name for name in names]


Parts = tuple[str, ...]


def parts_of(cell: Cell) -> Parts:
    """The parts of a cell with control characters made visible; NOTHING for an empty cell."""
    parts = (cell,) if isinstance(cell, str) else cell
    return tuple(visible(part) for part in parts if part) or (NOTHING,)


def plain_lines(heads: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Iterable[str]:
    """A table for a pipe: a line for the names of the columns, and one for each row."""
    lines = [
        [head.name for head in heads],
        *([" ".join(parts) for parts in row] for row in _rows_of_parts(rows)),
    ]
    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]
    return [_line(heads, cells, widths) for cells in lines]


def drawn_lines(
    heads: Sequence[Column], rows: Iterable[Sequence[Cell]], width: int
) -> tuple[list[str], list[str]]:
    """A table for a window of that width: the lines of its head, and those of its rows.

    Nothing is cut: what is too long is folded.
    """
    part_rows = _rows_of_parts(rows)
    names = [(head.name,) for head in heads]
    widths = _natural(heads, [names, *part_rows])
    if sum(widths) + _GAP * (len(widths) - 1) > width:
        return _stacked(heads, part_rows, width)
    body = [line for row in part_rows for line in _row_lines(heads, row, widths)]
    head = _row_lines(heads, names, widths)
    return [*head, _rule(widths)], body


def _stacked(
    heads: Sequence[Column], rows: Sequence[Sequence[Parts]], width: int
) -> tuple[list[str], list[str]]:
    beside = [place for place, head in enumerate(heads) if not head.under]
    below = [place for place, head in enumerate(heads) if head.under]
    kept = [heads[place] for place in beside]
    names = [(head.name,) for head in kept]
    beside_rows = [[row[place] for place in beside] for row in rows]
    widths = _shrunk(kept, _natural(kept, [names, *beside_rows]), width)
    body: list[str] = []
    for row, cells in zip(rows, beside_rows, strict=True):
        body += _row_lines(kept, cells, widths)
        for place in below:
            text = "  ".join(part for part in row[place] if part != NOTHING)
            body += [" " * _INDENT + line for line in folded(text, width - _INDENT) if line]
    return [*_row_lines(kept, names, widths), _rule(widths)], body


def folded(text: str, width: int) -> list[str]:
    """A text as lines of at most that many cells, broken at spaces where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = chop_cells(word, width) or [""]
        lines += whole
    return [text_line.rstrip() for text_line in [*lines, line]]


def _rows_of_parts(rows: Iterable[Sequence[Cell]]) -> list[list[Parts]]:
    return [[parts_of(cell) for cell in row] for row in rows]


def _natural(heads: Sequence[Column], rows: Sequence[Sequence[Parts]]) -> list[int]:
    return [
        max(cell_len(part) for row in rows for part in row[place]) for place in range(len(heads))
    ]


def _shrunk(heads: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """Widths that fit, taken from the widest columns that may break; then from any."""
    shrunk = list(widths)
    for also_firm in (False, True):
        while sum(shrunk) + _GAP * (len(shrunk) - 1) > width:
            wide = [
                (shrunk[place], place)
                for place, head in enumerate(heads)
                if (also_firm or not head.firm) and shrunk[place] > _NARROW
            ]
            if not wide:
                break
            shrunk[max(wide)[1]] -= 1
    return shrunk


def _row_lines(heads: Sequence[Column], row: Sequence[Parts], widths: Sequence[int]) -> list[str]:
    cells = [
        [line for part in parts for line in folded(part, width)]
        for parts, width in zip(row, widths, strict=True)
    ]
    return [_line(heads, texts, widths) for texts in zip_longest(*cells, fillvalue="")]


def _line(heads: Sequence[Column], texts: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for head, text, width in zip(heads, texts, widths, strict=True):
        space = " " * (width - cell_len(text))
        padded.append(f"{space}{text}" if head.right else f"{text}{space}")
    return (" " * _GAP).join(padded).rstrip()


def _rule(widths: Sequence[int]) -> str:
    return (" " * _GAP).join("-" * width for width in widths)
