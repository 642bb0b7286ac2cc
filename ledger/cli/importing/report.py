"""The report of an import: what the files come to, what became of each wallet, what is wrong."""

import csv
from collections import Counter
from collections.abc import Mapping
from typing import IO, Final

import msgspec
from msgspec import Struct

from ledger.cli.importing.faults import FAULTS_MAX, Fault
from ledger.cli.importing.sending import OpeningResult
from ledger.cli.importing.totals import Difference, Totals, texts_of
from ledger.cli.screen import Screen, amount, columns, long
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


def show_wrong(screen: Screen, report: Report) -> None:
    """Print on standard error what keeps an import from starting."""
    for fault in report.errors:
        screen.note(str(fault))
    if len(report.errors) == FAULTS_MAX:
        screen.note(f"… these are the first {FAULTS_MAX}; there may be more.")
    for difference in report.differences:
        wanted, counted = difference.wanted, difference.actual
        screen.note(f"{difference.total}: the control total is {wanted}, the files have {counted}")
    screen.note("Nothing was imported.")


def show(screen: Screen, report: Report) -> None:
    """Print totals and refusals for people."""
    rows = ", ".join(f"{count} rows of {file}" for file, count in report.rows.items())
    screen.say(f"import {report.name}: {rows}")
    _show_totals(screen, report)
    wallets = report.wallets
    another = f" ({wallets.already_by_another_name} of them by another name)"
    screen.say(
        f"{wallets.imported} wallets {'would be ' if report.dry_run else ''}imported, "
        f"{wallets.already} already were{another if wallets.already_by_another_name else ''}, "
        f"{wallets.refused} {'would be ' if report.dry_run else ''}refused."
    )
    for reason, count in report.reasons.items():
        screen.say(f"refused for {reason}: {count}")
    for refused in report.refused[:_REFUSED_SHOWN_MAX]:
        facts = ", ".join(f"{name} {value}" for name, value in refused.facts.items())
        screen.say(f"  {refused.wallet_id}: {refused.reason}" + (f" ({facts})" if facts else ""))
    if wallets.refused > _REFUSED_SHOWN_MAX:
        screen.say("  … and more: --result FILE names all of them.")
    if report.dry_run:
        screen.say("This was a dry run: nothing was written.")


def _show_totals(screen: Screen, report: Report) -> None:
    names = {"imported": "would be imported"} if report.dry_run else {}
    heads = columns(long("total"), *(amount(names.get(column, column)) for column in report.totals))
    rows = [
        (name, *(column.get(name, "0") for column in report.totals.values()))
        for name in report.totals["files"]
    ]
    shown_rows = [row for row in rows if any(value not in {"0", "0.00"} for value in row[1:])]
    screen.table(heads, shown_rows)
