"""Prints tables for people, never wider than the window; plain lines where output is piped.

On a terminal a long id is folded or goes under its row, and is never cut. In a pipe every row is
one line, whatever its length, its cells at least two spaces apart, without colour or drawing.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TextIO

import msgspec
from rich.cells import cell_len

from ledger.cli.admin.layout import Column, drawn_lines, folded, parts_of, plain_lines
from ledger.cli.admin.texts import Cell, visible

_BOLD: Final = "\x1b[1m"
_NORMAL: Final = "\x1b[0m"
_WIDTH_MIN: Final = 40


class Screen:
    """Prints a command's answer to standard output, and notes to standard error."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdout.isatty()
        self._width = max(_WIDTH_MIN, shutil.get_terminal_size().columns)
        self._is_plain = "NO_COLOR" in os.environ or os.environ.get("TERM", "dumb") == "dumb"

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
        print(self._fitted(visible(text), sys.stdout))

    def facts(self, facts: Iterable[tuple[str, Cell]]) -> None:
        """Print names and values, one a line."""
        rows = [(f"{name}:", parts_of(value)) for name, value in facts]
        if not self.is_terminal:
            for name, parts in rows:
                print(f"{name} {' '.join(parts)}")
            return
        indent = max((cell_len(name) for name, _ in rows), default=0) + 1
        for name, parts in rows:
            lines = [line for part in parts for line in folded(part, self._width - indent)]
            for line in lines:
                print(f"{name:<{indent}}{line}")
                name = ""  # noqa: PLW2901 - the lines after the first have none

    def table(
        self, heads: Sequence[Column], rows: Iterable[Sequence[Cell]], *, title: str = ""
    ) -> None:
        """Print a table; one without rows is not shown."""
        listed = list(rows)
        if not listed:
            return
        if not self.is_terminal:
            print("\n".join([*([title] if title else []), *plain_lines(heads, listed)]))
            return
        head, body = drawn_lines(heads, listed, self._width)
        print()
        for line in [*([title] if title else []), *head]:
            print(line if self._is_plain else f"{_BOLD}{line}{_NORMAL}")
        print("\n".join(body))

    def note(self, text: str) -> None:
        """Print on standard error what is no part of the answer: hints, questions, failures."""
        sys.stdout.flush()
        for line in text.split("\n"):
            print(self._fitted(visible(line), sys.stderr), file=sys.stderr)

    def following(self, page: Mapping[str, Any]) -> None:
        """Note how to read the next page, if there is one."""
        if page["next"]:
            self.note(f"There is more: --after {page['next']}")

    def _fitted(self, text: str, stream: TextIO) -> str:
        return "\n".join(folded(text, self._width)) if stream.isatty() else text
