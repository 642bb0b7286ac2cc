"""Shows what a sheet comes to before it is sent, and what became of its rows."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from ledger.cli.admin.bulk.kinds import ADJUST, SheetKind
from ledger.cli.admin.bulk.results import DONE, Result
from ledger.cli.admin.bulk.row_commands import RowCommand
from ledger.cli.admin.bulk.running import totals_of
from ledger.cli.admin.bulk.sheets import Fault
from ledger.cli.admin.session import Session
from ledger.cli.screen import amount, columns
from ledger.core.money import format_amount

FAULTS_SHOWN: Final = 50
REFUSED_SHOWN: Final = 20


class Plan(Struct, frozen=True):
    """What a sheet comes to: the row commands that can be sent, and the faults of other rows."""

    kind: SheetKind
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
        """How many rows were done or refused so far."""
        return self.done + self.refused

    def add(self, result: Result) -> None:
        """Count the result of one more row."""
        self._count([result])

    def _count(self, results: Sequence[Result]) -> None:
        for result in results:
            if result.status == DONE:
                self.done += 1
            else:
                self.refused += 1
                self.refusals.append(result)


def texts_of(plan: Plan) -> dict[str, str]:
    """The totals by name, as decimal texts."""
    return {name: format_amount(minor) for name, minor in totals_of(plan.row_commands).items()}


def show_plan(session: Session, plan: Plan) -> None:
    """Print the faults of the rows, and what they come to."""
    summary = f"{plan.kind.name} {plan.name}: {plan.rows} rows, {len(plan.faults)} of them wrong"
    if session.as_json:
        # A run that goes on prints one document, at its end.
        if plan.dry_run or plan.faults:
            session.screen.document(_document(plan))
    elif plan.dry_run:
        session.screen.say(summary)
        rows = list(texts_of(plan).items())
        session.screen.table(columns("total", amount("amount")), rows)
    else:
        totals = ", ".join(f"{name} {total}" for name, total in texts_of(plan).items())
        session.screen.note(summary + (f"; {totals}" if totals else ""))
    for fault in plan.faults[:FAULTS_SHOWN]:
        session.screen.note(str(fault))
    if len(plan.faults) > FAULTS_SHOWN:
        session.screen.note(f"… and {len(plan.faults) - FAULTS_SHOWN} more.")
    repeated = _repeated_rows(plan)
    if repeated:
        session.screen.note(f"Note: rows {repeated} say what an earlier row says; each is done.")
    if plan.faults:
        session.screen.note("Nothing was done.")
    elif plan.dry_run:
        session.screen.note("This was a dry run: nothing was done.")


def _repeated_rows(plan: Plan) -> str:
    """The numbers of rows whose call is the same as that of an earlier row, as a text."""
    calls: set[tuple[str, str]] = set()
    repeated = []
    for row_command in plan.row_commands:
        call = (row_command.place, repr(row_command.body))
        if call in calls:
            repeated.append(str(row_command.row))
        calls.add(call)
    more = "" if len(repeated) <= FAULTS_SHOWN else " …"
    return ", ".join(repeated[:FAULTS_SHOWN]) + more


def show_tally(session: Session, plan: Plan, tally: Tally, result_path: Path) -> None:
    """Print what became of the rows."""
    if session.as_json:
        settled = {
            "done": tally.done,
            "refused": tally.refused,
            "settled_before": tally.before,
            "result": str(result_path),
        }
        session.screen.document(_document(plan) | settled)
        return
    before = f" ({tally.before} of them before)" if tally.before else ""
    session.screen.say(
        f"{plan.kind.name} {plan.name}: {tally.done} rows done, {tally.refused} refused{before}."
    )
    slugs = Counter(refusal.error.partition(":")[0] for refusal in tally.refusals)
    for slug, count in slugs.items():
        session.screen.say(f"refused for {slug}: {count}")
    for refusal in tally.refusals[:REFUSED_SHOWN]:
        session.screen.say(f"  row {refusal.row}: {refusal.error}")
    if len(tally.refusals) > REFUSED_SHOWN:
        session.screen.say("  … and more.")
    session.screen.say(f"{result_path} tells what became of each row.")
    if plan.kind is ADJUST and tally.done:
        session.screen.note("They wait for another person: ledger proposal list")


def _document(plan: Plan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "dry_run": plan.dry_run,
        "rows": plan.rows,
        "totals": texts_of(plan),
        "faults": plan.faults,
    }
