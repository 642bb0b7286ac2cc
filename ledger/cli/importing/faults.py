"""What is wrong with the files: the place of each fault, what stands there and what is wanted."""

from typing import Final

from msgspec import Struct

FAULTS_MAX: Final = 100
"""Faults looked for; who corrects a hundred looks again anyway."""

_SHOWN_MAX: Final = 60


class Fault(Struct, frozen=True, rename={"actual": "found"}):
    """One fault of a file: `actual` stands where `wanted` should.

    Without `column` it is about the line, without `line` about the whole file. In JSON `actual` is
    called `found`.
    """

    file: str
    line: int | None
    column: str | None
    actual: str
    wanted: str

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", {self.column}"
        return f"{place}: found {self.actual}; wanted {self.wanted}"


class Faults:
    """The faults found so far; those beyond FAULTS_MAX are dropped."""

    def __init__(self) -> None:
        self.kept: list[Fault] = []

    @property
    def full(self) -> bool:
        """Whether looking on is of no use."""
        return len(self.kept) >= FAULTS_MAX

    def add(self, fault: Fault) -> None:
        """Keep a fault."""
        if not self.full:
            self.kept.append(fault)


def shown(text: str) -> str:
    """A cell as a fault shows it: quoted, escaped and never long."""
    return ascii(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}...")
