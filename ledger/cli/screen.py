"""Prints tables for people, never wider than the window; plain lines where output is piped.

At a terminal nothing is cut: long texts are folded, and rows that are too wide even so are shown as
psql's expanded display has them, a line for each column. In a pipe every row is one line, whatever
its length, its cells at least two spaces apart, without colour or drawing.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ledger.cli.texts import NOTHING, Cell, visible

WIDTH_MIN: Final = 40
"""No window is taken for narrower than that."""

_GAP: Final = 2
_FOLDED_MIN: Final = 24
"""A text is folded to no less than that many cells beside other columns."""

_ENDLESS: Final = 1_000_000
"""The width of a pipe."""


class Column(Struct, frozen=True):
    """A column: numbers are aligned to the `right`; only a `long` text may be folded."""

    name: str
    right: bool = False
    long: bool = False


def amount(name: str) -> Column:
    """A column of amounts, or other numbers."""
    return Column(name, right=True)


def long(name: str) -> Column:
    """A column of sentences, or of lists of words."""
    return Column(name, long=True)


def columns(*names: str | Column) -> list[Column]:
    """Columns, most of them by name only: of ids, words and times."""
    return [Column(name) if isinstance(name, str) else name for name in names]


class Screen:
    """Prints a command's answer to standard output, and notes to standard error."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdout.isatty()
        self._console = _console(stderr=False)
        self._errors = _console(stderr=True)

    def document(self, body: Any) -> None:  # noqa: ANN401 - any answer of the API
        """Print one JSON document, in UTF-8 whatever the locale: indented at a terminal."""
        raw = msgspec.json.encode(body)
        if self.is_terminal:
            raw = msgspec.json.format(raw, indent=2)
        sys.stdout.flush()
        sys.stdout.buffer.write(raw + b"\n")
        sys.stdout.buffer.flush()

    def say(self, text: str) -> None:
        """Print a sentence of the answer."""
        self._console.print(_text(visible(text)))

    def facts(self, facts: Iterable[tuple[str, Cell]]) -> None:
        """Print names and values, one a line."""
        rows = [(f"{name}:", value) for name, value in facts]
        if self.is_terminal:
            self._draw(_pairs(rows))
            return
        for name, value in rows:
            self._console.print(_text(f"{name} {' '.join(_parts(value))}"))

    def table(
        self, heads: Sequence[Column], rows: Iterable[Sequence[Cell]], *, title: str = ""
    ) -> None:
        """Print a table; one without rows is not shown."""
        cells = [[_parts(cell) for cell in row] for row in rows]
        if not cells:
            return
        if self.is_terminal:
            self._console.print()
        if title:
            self._console.print(Text(title, style="bold" if self.is_terminal else ""))
        for part in rendered(heads, cells, self._console.width, plain=not self.is_terminal):
            self._draw(part)

    def note(self, text: str) -> None:
        """Print on standard error what is no part of the answer: hints, questions, failures."""
        sys.stdout.flush()
        for line in text.split("\n"):
            self._errors.print(_text(visible(line)))

    def note_more(self, following: str | None) -> None:
        """Note how to read the next page, if there is one."""
        if following:
            self.note(f"There is more: --after {following}")

    def _draw(self, part: RenderableType) -> None:
        with self._console.capture() as captured:
            self._console.print(part)
        # The cells of the last column are filled up with spaces.
        for line in captured.get().splitlines():
            print(line.rstrip())


Parts = tuple[str, ...]


def rendered(
    heads: Sequence[Column], rows: Sequence[Sequence[Parts]], width: int, *, plain: bool
) -> list[RenderableType]:
    """A table for a window of that width, as what rich draws of it; `plain` is for a pipe."""
    if plain:
        return [_table(heads, [[" ".join(parts) for parts in row] for row in rows], plain=True)]
    if _width(heads, rows) <= width:
        return [_table(heads, [["\n".join(parts) for parts in row] for row in rows], plain=False)]
    drawn: list[RenderableType] = []
    for number, row in enumerate(rows, 1):
        named = zip(heads, row, strict=True)
        drawn.append(Rule(f"{number} of {len(rows)}", align="left", style=""))
        drawn.append(_pairs([(head.name, parts) for head, parts in named if parts != (NOTHING,)]))
    return drawn


def _width(heads: Sequence[Column], rows: Sequence[Sequence[Parts]]) -> int:
    """The width that a table needs at least, its long texts folded."""
    needed = -_GAP
    for head, *cells in zip(heads, *rows, strict=True):
        widest = max(cell_len(part) for parts in ((head.name,), *cells) for part in parts)
        needed += _GAP + (min(widest, _FOLDED_MIN) if head.long else widest)
    return needed


def _table(heads: Sequence[Column], rows: Iterable[Sequence[str]], *, plain: bool) -> Table:
    table = Table(
        box=None if plain else SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, _GAP if plain else _GAP - 1, 0, 0),
        header_style="" if plain else "bold",
    )
    for head in heads:
        justify: Any = "right" if head.right else "left"
        table.add_column(head.name, justify=justify, overflow="fold", no_wrap=not head.long)
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _pairs(rows: Iterable[tuple[str, Cell]]) -> Table:
    """Names and values, one a line, long values folded beside their name."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(_text(name), _text("\n".join(_parts(value))))
    return table


def _parts(cell: Cell) -> Parts:
    """The parts of a cell with control characters made visible; NOTHING for an empty cell."""
    parts = (cell,) if isinstance(cell, str) else cell
    return tuple(visible(part) for part in parts if part) or (NOTHING,)


def _text(text: str) -> Text:
    # Not a string: rich would take some of what people write for its own markup.
    return Text(text, overflow="fold")


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    console.width = max(WIDTH_MIN, console.width) if stream.isatty() else _ENDLESS
    return console
