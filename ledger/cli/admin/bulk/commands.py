"""`ledger bulk grant|adjust|freeze|refund FILE.csv`."""

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from ledger.cli.admin.bulk.expecting import confirm_plan, expected_of
from ledger.cli.admin.bulk.report import Plan, Tally, show_plan, show_tally
from ledger.cli.admin.bulk.results import Result, Results
from ledger.cli.admin.bulk.row_commands import (
    ADJUST,
    FREEZE,
    GRANT,
    REFUND_CHARGES,
    REFUND_ORDERS,
    Kind,
    RowCommand,
    Run,
    row_command_of,
)
from ledger.cli.admin.bulk.running import each, execute, precheck
from ledger.cli.admin.bulk.sheets import Fault, Row, digest_of, read_sheet, rows_of
from ledger.cli.admin.connection_options import HERE, ConnectionOptions, Flag
from ledger.cli.admin.session import AWAY, REFUSED, Session, asking, path
from ledger.cli.command_error import CommandError
from ledger.cli.progress import Meter
from ledger.client import OutcomeUnknown, Unavailable

app: Final = App(name="bulk", help="Do the same for every row of a CSV file.")

WRONG: Final = 2
"""Exit code: the file, or what was expected of it, is wrong; nothing was done."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Order:
    """How a sheet is to be carried out."""

    dry_run: Flag = False
    """Check every row and tell the totals; do nothing."""

    expect_rows: int | None = None
    """Go on without asking if the file has so many rows, and the totals are as expected."""

    expect_total: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    """Such as INSPIRATION=100.00, one for each total of the dry run."""

    name: str | None = None
    """The run's name, which makes its keys: by default a digest of what the file says."""

    result: Path | None = None
    """Where to write what became of each row; FILE.result.csv by default."""

    new_wallets: Flag = False
    """Wallets that the ledger has never seen are meant, not misspelt."""

    at_once: Annotated[int, Parameter(validator=Number(gte=1, lte=64))] = 8
    """So many requests at once."""


ORDER: Final = Order()


@app.command
async def grant(file: Path, *, order: Order = ORDER, where: ConnectionOptions = HERE) -> None:
    """Grant points: wallet_id, currency, amount, source, reason; perhaps expires_at."""
    await _run((GRANT,), file, order, where)


@app.command
async def adjust(file: Path, *, order: Order = ORDER, where: ConnectionOptions = HERE) -> None:
    """Propose corrections: wallet_id, direction, currency, amount, reason; perhaps evidence,
    source, expires_at, lot_id, include_paid, valid_for_s. Another person approves them.
    """  # noqa: D205 - it is shown as a paragraph
    await _run((ADJUST,), file, order, where)


@app.command
async def freeze(file: Path, *, order: Order = ORDER, where: ConnectionOptions = HERE) -> None:
    """Freeze wallets: wallet_id, reason."""
    await _run((FREEZE,), file, order, where)


@app.command
async def refund(file: Path, *, order: Order = ORDER, where: ConnectionOptions = HERE) -> None:
    """Refund charges (wallet_id, charge_id, amount, reason), or orders (order_id, amount_cny,
    reason).
    """  # noqa: D205 - it is shown as a paragraph
    await _run((REFUND_ORDERS, REFUND_CHARGES), file, order, where)


async def _run(kinds: Sequence[Kind], file: Path, order: Order, where: ConnectionOptions) -> None:
    if order.name is not None and not _NAME.fullmatch(order.name):
        raise CommandError("--name is 1 to 64 of A-Z a-z 0-9 _ . : -")
    expected = expected_of(order.expect_rows, order.expect_total)
    sheet = read_sheet(file)
    kind = next((kind for kind in kinds if kind.needed[0] in sheet.header), kinds[-1])
    rows = rows_of(sheet, kind.columns, kind.needed)
    result = order.result or file.with_name(f"{file.name}.result.csv")
    async with asking(where) as asked:
        plan = await _plan(asked, kind, rows, order, result)
        show_plan(asked, plan)
        if plan.faults:
            sys.exit(WRONG)
        if order.dry_run:
            return
        confirm_plan(asked.screen, plan, expected)
        tally = await _execute(asked, plan, result, order)
        show_tally(asked, plan, tally, result)
        if tally.refused:
            sys.exit(REFUSED)


async def _plan(
    asked: Session, kind: Kind, rows: Sequence[Row], order: Order, result: Path
) -> Plan:
    """What the rows ask for, each of them checked, and what each is about read."""
    me = await asked.get(path("v1", "callers", "me"))
    catalogue = await asked.get(path("v1", "catalogue"))
    currencies = [one["currency"] for one in catalogue["currencies"]]
    run = Run(order.name or digest_of(rows), me["caller"])
    checked = [row_command_of(kind, row, run, currencies) for row in rows]
    faults = [one for one in checked if isinstance(one, Fault)]
    right = [one for one in checked if isinstance(one, RowCommand)]
    row_commands: list[RowCommand] = []
    # Of a run that was begun every row was right once: what has changed since is for the ledger
    # to decide, and must not keep the others from being gone on with.
    is_begun = not order.dry_run and _is_begun(result, right)

    def take(one: RowCommand | Fault) -> None:
        meter.advance(1)
        (faults if isinstance(one, Fault) else row_commands).append(one)  # type: ignore[arg-type]

    async def work(row_command: RowCommand) -> RowCommand | Fault:
        found = await precheck(asked, row_command, new_wallets=order.new_wallets)
        return row_command if is_begun and isinstance(found, Fault) else found

    with Meter(quiet=asked.as_json) as meter:
        meter.begin("checking", len(right))
        await each(right, work, take, order.at_once)
    row_commands.sort(key=lambda row_command: row_command.row)
    faults.sort(key=lambda fault: fault.row)
    return Plan(kind, run.name, len(rows), row_commands, faults, dry_run=order.dry_run)


def _is_begun(result: Path, row_commands: Sequence[RowCommand]) -> bool:
    if not result.exists():
        return False
    with Results(result) as results:
        return bool(
            results.settled({row_command.row: row_command.key for row_command in row_commands})
        )


async def _execute(asked: Session, plan: Plan, result: Path, order: Order) -> Tally:
    """Send what is not settled yet, and write down what becomes of it."""
    with Results(result) as results, Meter(quiet=asked.as_json) as meter:
        before = results.settled(
            {row_command.row: row_command.key for row_command in plan.row_commands}
        )
        tally = Tally(before)
        known = {one.row for one in before}
        rest = [row_command for row_command in plan.row_commands if row_command.row not in known]

        def take(one: Result) -> None:
            results.add(one)
            tally.add(one)
            meter.advance(1)

        async def work(row_command: RowCommand) -> Result:
            return await execute(asked, plan.kind, row_command)

        meter.begin("sending", len(rest))
        try:
            await each(rest, work, take, order.at_once)
        except (OutcomeUnknown, Unavailable) as away:
            _tell_stopped(asked, plan, tally, f"{away.__cause__ or away}")
            sys.exit(AWAY)
        except asyncio.CancelledError:
            _tell_stopped(asked, plan, tally, "interrupted")
            raise
    return tally


def _tell_stopped(asked: Session, plan: Plan, tally: Tally, why: str) -> None:
    asked.screen.note(
        f"ledger: stopped ({why}): {tally.settled} of {plan.rows} rows are settled, some of the "
        "others may be. Run the same command again: it goes on, and nothing is done twice."
    )
