"""Reports: what a sheet comes to before it is carried out, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from ledger.cli.admin.bulk.results import DONE, Result
from ledger.cli.admin.bulk.row_commands import ADJUST, Kind, RowCommand
from ledger.cli.admin.bulk.running import totals_of
from ledger.cli.admin.bulk.sheets import Fault
from ledger.cli.admin.layout import amount, columns
from ledger.cli.admin.session import Session
from ledger.core.money import format_amount

FAULTS_SHOWN: Final = 50
REFUSED_SHOWN: Final = 20


class Plan(Struct, frozen=True):
    """What a sheet asks for: rows that can be sent, and what is wrong with the others."""

    kind: Kind
    name: str
    rows: int
    row_commands: Sequence[RowCommand]
    faults: Sequence[Fault]
    dry_run: bool


class Tally:
    """What became of the rows so far, those that were settled before among them."""

    def __init__(self, before: Sequence[Result]) -> None:
        self.before = len(before)
        self.done = self.refused = 0
        self.refusals: list[Result] = []
        self._count(before)

    @property
    def settled(self) -> int:
        """Of how many rows it is known what became of them."""
        return self.done + self.refused

    def add(self, result: Result) -> None:
        """One more."""
        self._count([result])

    def _count(self, results: Sequence[Result]) -> None:
        for result in results:
            if result.status == DONE:
                self.done += 1
            else:
                self.refused += 1
                self.refusals.append(result)


def texts_of(plan: Plan) -> dict[str, str]:
    """The totals as amounts."""
    return {name: format_amount(minor) for name, minor in totals_of(plan.row_commands).items()}


def show_plan(asked: Session, plan: Plan) -> None:
    """What is wrong with the rows, and what they come to."""
    told = f"{plan.kind.name} {plan.name}: {plan.rows} rows, {len(plan.faults)} of them wrong"
    if asked.as_json:
        # A run that goes on tells one document at its end.
        if plan.dry_run or plan.faults:
            asked.screen.document(_document(plan))
    elif plan.dry_run:
        asked.screen.say(told)
        rows = list(texts_of(plan).items())
        asked.screen.table(columns("total", amount("amount")), rows)
    else:
        totals = ", ".join(f"{name} {total}" for name, total in texts_of(plan).items())
        asked.screen.note(told + (f"; {totals}" if totals else ""))
    for fault in plan.faults[:FAULTS_SHOWN]:
        asked.screen.note(str(fault))
    if len(plan.faults) > FAULTS_SHOWN:
        asked.screen.note(f"… and {len(plan.faults) - FAULTS_SHOWN} more.")
    twice = _said_twice(plan)
    if twice:
        asked.screen.note(f"Note: rows {twice} say what an earlier row says; each is done.")
    if plan.faults:
        asked.screen.note("Nothing was done.")
    elif plan.dry_run:
        asked.screen.note("This was a dry run: nothing was done.")


def _said_twice(plan: Plan) -> str:
    """Rows that are the same as one before them."""
    seen: set[tuple[str, str]] = set()
    again = []
    for row_command in plan.row_commands:
        said = (row_command.place, repr(sorted(row_command.body.items())))
        if said in seen:
            again.append(str(row_command.row))
        seen.add(said)
    more = "" if len(again) <= FAULTS_SHOWN else " …"
    return ", ".join(again[:FAULTS_SHOWN]) + more


def show_tally(asked: Session, plan: Plan, tally: Tally, result: Path) -> None:
    """What became of the rows."""
    if asked.as_json:
        settled = {
            "done": tally.done,
            "refused": tally.refused,
            "settled_before": tally.before,
            "result": str(result),
        }
        asked.screen.document(_document(plan) | settled)
        return
    before = f" ({tally.before} of them before)" if tally.before else ""
    asked.screen.say(
        f"{plan.kind.name} {plan.name}: {tally.done} rows done, {tally.refused} refused{before}."
    )
    slugs = Counter(refusal.error.partition(":")[0] for refusal in tally.refusals)
    for slug, count in slugs.items():
        asked.screen.say(f"refused for {slug}: {count}")
    for one in tally.refusals[:REFUSED_SHOWN]:
        asked.screen.say(f"  row {one.row}: {one.error}")
    if len(tally.refusals) > REFUSED_SHOWN:
        asked.screen.say("  … and more.")
    asked.screen.say(f"{result} tells what became of each row.")
    if plan.kind is ADJUST and tally.done:
        asked.screen.note("They wait for another person: ledger proposal list")


def _document(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "dry_run": plan.dry_run,
        "rows": plan.rows,
        "totals": texts_of(plan),
        "faults": plan.faults,
    }
