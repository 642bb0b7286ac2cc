"""The report: figures, aims and verification, as a table for people and as JSON for machines."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ledger.cli.bench.figures import Aim, Figure

_DIFFERENCES_SHOWN = 20


class Circumstances(Struct, kw_only=True):
    """What a run was asked for, and where; loads are the machine's own averages of a minute."""

    seconds: float
    wallets: int
    processors: int
    load_before: float
    load_after: float


class Report(Circumstances, kw_only=True):
    """Everything that a run found out."""

    figures: dict[str, Figure]
    aims: dict[str, Aim]
    memory_mb: list[float]
    events: int
    differences: list[str]

    @property
    def is_sound(self) -> bool:
        """Whether no request failed and the books agree; speed is not part of it."""
        return not self.differences and not any(figure.failed for figure in self.figures.values())


def json_of(report: Report) -> str:
    """One JSON object; every aim says whether it was met."""
    document = msgspec.to_builtins(report)
    for name, aim in report.aims.items():
        document["aims"][name]["met"] = aim.met
    return msgspec.json.encode(document).decode()


def show(report: Report) -> None:
    """Print it."""
    console = Console()
    console.print(_figures(report))
    if any("worker_cpu_us" in figure.notes for figure in report.figures.values()):
        console.print(_costs(report))
    for figure in report.figures.values():
        for what, count in figure.failed.items():
            console.print(f"[red]{_name(figure)}: {count} × {escape(what)}[/red]")
    if report.memory_mb:
        steps = ", ".join(f"{size:.0f}" for size in report.memory_mb)
        console.print(f"worker's memory in MB, warm and after each measurement: {steps}")
    console.print(f"{circumstances(report)} a measurement")
    show_books(console, report.events, report.differences)


def circumstances(run: Circumstances) -> str:
    """Under what circumstances a run took place."""
    return (
        f"{run.processors} processors, load {run.load_before:.1f} before and "
        f"{run.load_after:.1f} after; {run.wallets:,} wallets, {run.seconds:g} s"
    )


def show_books(
    console: Console, events: int, differences: Sequence[str], *, whose: str = ""
) -> None:
    """Print what came of verifying."""
    if not differences:
        console.print(f"{whose}{events} events verified: the books agree.")
        return
    console.print(f"[red]{whose}{len(differences)} differences found:[/red]")
    for difference in differences[:_DIFFERENCES_SHOWN]:
        console.print(f"  {difference}", markup=False)


def _figures(report: Report) -> Table:
    table = Table("measurement", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("rate/s", "p50 ms", "p99 ms", "ratio", "aim"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("met?")
    for name, figure in report.figures.items():
        speed = (f"{figure.rate:,.0f}", _number(figure.p50_ms), _number(figure.p99_ms))
        table.add_row(_name(figure), *speed, *_aim_cells(report.aims.get(name)))
    table.add_section()
    for name, aim in report.aims.items():
        if name not in report.figures:
            table.add_row(aim.what, "", "", "", *_aim_cells(aim))
    return table


def _costs(report: Report) -> Table:
    """What the worker spent on each request (or debit, or pair), and how busy both sides were."""
    table = Table("CPU", "worker, µs each", "worker", "generator", box=SIMPLE_HEAD, pad_edge=False)
    for figure in report.figures.values():
        notes = figure.notes
        if "worker_cpu_us" in notes:
            shares = (notes["worker_cpu_share"], notes["generator_cpu_share"])
            cost = f"{notes['worker_cpu_us']:,.0f}"
            table.add_row(_name(figure), cost, *(f"{share:.0%}" for share in shares))
    return table


def _name(figure: Figure) -> str:
    size = figure.notes.get("batch_size")
    measured = "" if size is None else f" ({size:,.0f})"
    return f"{figure.letter}  {figure.label}{measured}"


def _aim_cells(aim: Aim | None) -> tuple[str, str, str]:
    if aim is None:
        return "", "", ""
    sign = "≥" if aim.sense == "at least" else "≤"
    met = "[green]yes[/green]" if aim.met else "[red]no[/red]"
    return _number(aim.value), f"{sign} {aim.bound:g}", met


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"
