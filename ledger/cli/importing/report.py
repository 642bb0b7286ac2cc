"""The report of an import: what the files come to, what became of each wallet, what is wrong."""

import csv
from collections import Counter
from collections.abc import Mapping
from typing import IO, Final

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from ledger.cli.importing.faults import FAULTS_MAX, Fault
from ledger.cli.importing.sending import OpeningResult
from ledger.cli.importing.totals import Difference, Totals, texts_of
from ledger.contract.problems import problem_of
from ledger.core.terms import Terms

REFUSED_NAMED_MAX: Final = 200
"""RefusedWallet wallets that a report names; the result file has them all."""

_REFUSED_SHOWN_MAX: Final = 20


class RefusedWallet(Struct, frozen=True):
    """A wallet whose opening was not imported, and why, in the words of the API."""

    wallet_id: str
    reason: str
    facts: Mapping[str, str | int]


class Wallets(Struct):
    """How many wallets were answered how; `already_by_another_name` are some of `already`."""

    imported: int = 0
    already: int = 0
    already_by_another_name: int = 0
    refused: int = 0


class Report(Struct, frozen=True):
    """All that there is to say of an import, or of its rehearsal.

    `totals` are those of the `files`, of what was `imported`, of what was there `already`, and of
    what is `missing` in the books, which the refused wallets explain.
    """

    name: str
    dry_run: bool
    rows: dict[str, int]
    wallets: Wallets
    totals: dict[str, dict[str, str]]
    reasons: dict[str, int]
    refused: list[RefusedWallet]
    errors: list[Fault]
    differences: list[Difference]

    @property
    def is_complete(self) -> bool:
        """Whether all that the files have is in the books, or would be."""
        return not self.wallets.refused and all(
            value in {"0", "0.00"} for value in self.totals["missing"].values()
        )


class Tally:
    """What became of the wallets so far; refusals go to the result file, if any, at once."""

    def __init__(self, terms: Terms, result: IO[str] | None) -> None:
        self.wallets = Wallets()
        self.reasons: Counter[str] = Counter()
        self.refused: list[RefusedWallet] = []
        self._codes = {currency.number: code for code, currency in terms.currencies.items()}
        self._imported, self._already = Totals(terms), Totals(terms)
        self._result = None if result is None else csv.writer(result, lineterminator="\n")
        if self._result is not None:
            self._result.writerow(RefusedWallet.__struct_fields__)

    def add(self, result: OpeningResult) -> None:
        """Count what became of a wallet."""
        if result.event is None:
            self._add_refused(result)
        elif result.imported_now:
            self.wallets.imported += 1
            self._imported.add(result.event)
        else:
            self.wallets.already += 1
            self.wallets.already_by_another_name += result.another_name
            self._already.add(result.event)

    def _add_refused(self, result: OpeningResult) -> None:
        facts: Mapping[str, str | int] = {}
        if result.rejection is not None:
            facts = problem_of(result.rejection, self._codes).facts
        refused = RefusedWallet(result.wallet_id, result.reason, facts)
        self.wallets.refused += 1
        self.reasons[refused.reason] += 1
        if len(self.refused) < REFUSED_NAMED_MAX:
            self.refused.append(refused)
        if self._result is not None:
            facts_json = msgspec.json.encode(facts).decode()
            self._result.writerow((result.wallet_id, result.reason, facts_json))

    def totals(self, files: Totals) -> dict[str, dict[str, str]]:
        """The totals of a report, given those of the files."""
        imported, already = self._imported.values, self._already.values
        names = dict.fromkeys([*files.values, *imported, *already])
        missing = {
            name: files.values.get(name, 0) - imported.get(name, 0) - already.get(name, 0)
            for name in names
        }
        return {
            "files": files.texts(),
            "imported": texts_of(imported),
            "already": texts_of(already),
            "missing": texts_of(missing),
        }


def show_wrong(report: Report) -> None:
    """Print on standard error what keeps an import from starting."""
    console = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    for fault in report.errors:
        console.print(str(fault))
    if len(report.errors) == FAULTS_MAX:
        console.print(f"… these are the first {FAULTS_MAX}; there may be more.")
    for difference in report.differences:
        wanted, counted = difference.wanted, difference.actual
        console.print(
            f"{difference.total}: the control total is {wanted}, the files have {counted}"
        )
    console.print("Nothing was imported.")


def show(report: Report) -> None:
    """Print totals and refusals for people."""
    console = Console(soft_wrap=True, markup=False, highlight=False)
    rows = ", ".join(f"{count} rows of {file}" for file, count in report.rows.items())
    console.print(f"import {report.name}: {rows}")
    console.print(_totals(report))
    wallets = report.wallets
    another = f" ({wallets.already_by_another_name} of them by another name)"
    console.print(
        f"{wallets.imported} wallets {'would be ' if report.dry_run else ''}imported, "
        f"{wallets.already} already were{another if wallets.already_by_another_name else ''}, "
        f"{wallets.refused} {'would be ' if report.dry_run else ''}refused."
    )
    for reason, count in report.reasons.items():
        console.print(f"refused for {reason}: {count}")
    for refused in report.refused[:_REFUSED_SHOWN_MAX]:
        facts = ", ".join(f"{name} {value}" for name, value in refused.facts.items())
        console.print(f"  {refused.wallet_id}: {refused.reason}" + (f" ({facts})" if facts else ""))
    if wallets.refused > _REFUSED_SHOWN_MAX:
        console.print("  … and more: --result FILE names all of them.")
    if report.dry_run:
        console.print("This was a dry run: nothing was written.")


def _totals(report: Report) -> Table:
    table = Table()
    table.add_column("total", overflow="fold")
    for column in report.totals:
        would_be = report.dry_run and column == "imported"
        table.add_column("would be imported" if would_be else column, justify="right")
    for name in report.totals["files"]:
        values = [column.get(name, "0") for column in report.totals.values()]
        if any(value not in {"0", "0.00"} for value in values):
            table.add_row(name, *values)
    return table


def show_json(report: Report) -> None:
    """Print everything for machines."""
    print(msgspec.json.encode(report).decode())
