"""The comparison of two checkouts: costs, ratios, and whether one is slower; as table and JSON."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ledger.cli.bench.interval import Interval, median_interval
from ledger.cli.bench.report import Circumstances, circumstances, show_books
from ledger.cli.bench.side import Books

SLOWER_FROM: Final = 1.03
"""Slower is what costs more than this times as much, by the whole of the interval."""


class Turn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn of a side: CPU µs a debit, and what failed."""

    worker_us: float
    postgres_us: float
    failed: dict[str, int] = {}

    @property
    def total_us(self) -> float:
        """Both together: what is compared."""
        return self.worker_us + self.postgres_us


class Cost(Struct, kw_only=True):
    """CPU µs a debit of one side: each by itself the median of the turns."""

    worker_us: float
    postgres_us: float
    total_us: float
    failed: dict[str, int]
    turns: list[Turn]


class Compared(Struct, kw_only=True):
    """One measurement of both sides; ratios are ours to theirs, one for each pair of turns."""

    label: str
    ratio: Interval
    ratios: list[float]
    ours: Cost
    theirs: Cost

    @property
    def no_slower(self) -> bool:
        """Whether the interval is not wholly above SLOWER_FROM."""
        return self.ratio.low <= SLOWER_FROM


class Comparison(Circumstances, kw_only=True):
    """Everything that a run against another checkout found out."""

    against: str
    rounds: int
    measurements: dict[str, Compared]
    books: dict[str, Books]

    @property
    def is_sound(self) -> bool:
        """Whether no request failed and the books of both agree; speed is not part of it."""
        return not any(books.differences for books in self.books.values()) and not any(
            cost.failed
            for measurement in self.measurements.values()
            for cost in (measurement.ours, measurement.theirs)
        )


def compared(label: str, ours: Sequence[Turn], theirs: Sequence[Turn]) -> Compared:
    """What comes of the turns of both sides, which are paired in their order."""
    ratios = [own.total_us / other.total_us for own, other in zip(ours, theirs, strict=True)]
    return Compared(
        label=label,
        ratio=median_interval(ratios),
        ratios=ratios,
        ours=_cost(ours),
        theirs=_cost(theirs),
    )


def _cost(turns: Sequence[Turn]) -> Cost:
    failed = sum((Counter(turn.failed) for turn in turns), Counter[str]())
    return Cost(
        worker_us=median(turn.worker_us for turn in turns),
        postgres_us=median(turn.postgres_us for turn in turns),
        total_us=median(turn.total_us for turn in turns),
        failed=dict(failed),
        turns=list(turns),
    )


def json_of(comparison: Comparison) -> str:
    """One JSON object; every measurement says whether it is slower."""
    document: dict[str, Any] = msgspec.to_builtins(comparison)
    for name, measurement in comparison.measurements.items():
        document["measurements"][name]["no_slower"] = measurement.no_slower
    return msgspec.json.encode(document).decode()


def show(comparison: Comparison) -> None:
    """Print it."""
    console = Console()
    console.print(_costs(comparison))
    console.print(_ratios(comparison))
    for measurement in comparison.measurements.values():
        for side, cost in (("ours", measurement.ours), ("theirs", measurement.theirs)):
            for what, count in cost.failed.items():
                line = f"{measurement.label}, {side}: {count} × {escape(what)}"
                console.print(f"[red]{line}[/red]")
    console.print(f"theirs: {comparison.against}", markup=False, soft_wrap=True)
    console.print(f"{circumstances(comparison)}, {comparison.rounds} turns each")
    for side, books in comparison.books.items():
        show_books(console, books.events, books.differences, whose=f"{side}: ")


def _costs(comparison: Comparison) -> Table:
    table = Table("CPU µs a debit, median", "", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("worker", "Postgres", "together"):
        table.add_column(name, justify="right", no_wrap=True)
    for measurement in comparison.measurements.values():
        sides = (("ours", measurement.ours), ("theirs", measurement.theirs))
        for label, (side, cost) in zip((measurement.label, ""), sides, strict=True):
            parts = (cost.worker_us, cost.postgres_us, cost.total_us)
            table.add_row(label, side, *(f"{part:,.1f}" for part in parts))
    return table


def _ratios(comparison: Comparison) -> Table:
    table = Table("ours : theirs", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("median", "90 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(f"slower (wholly above {SLOWER_FROM:g})?")
    for measurement in comparison.measurements.values():
        ratio = measurement.ratio
        verdict = "[green]no slower[/green]" if measurement.no_slower else "[red]slower[/red]"
        interval = f"{ratio.low:.3f} to {ratio.high:.3f}"
        table.add_row(measurement.label, f"{ratio.median:.3f}", interval, verdict)
    return table
