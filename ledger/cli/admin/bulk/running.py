"""Sends the rows of a sheet to the ledger, a bounded number at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from ledger.cli.admin.bulk.kinds import SheetKind
from ledger.cli.admin.bulk.results import DONE, REFUSED, Result
from ledger.cli.admin.bulk.row_commands import RowCommand
from ledger.cli.admin.bulk.sheets import Fault
from ledger.cli.admin.session import Session
from ledger.client import RateLimited, Refused

T = TypeVar("T")
R = TypeVar("R")

_OF_THE_CALLER: Final = frozenset({401, 403})
"""Refusals that say nothing of a row: the next one would be refused just so."""


async def run_each(
    inputs: Iterable[T],
    work: Callable[[T], Awaitable[R]],
    take: Callable[[R], None],
    at_once: int,
) -> None:
    """Do the work for every input, so many at once, and hand each result to `take` as it comes.

    The first error ends it: what is under way is given up, what was taken stays taken.
    """
    waiting = iter(inputs)

    async def worker() -> None:
        for row_input in waiting:
            take(await work(row_input))

    tasks = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def precheck(
    session: Session, kind: SheetKind, row_command: RowCommand, *, new_wallets: bool
) -> RowCommand | Fault:
    """Read the wallet, order or charge that a row is about.

    The row command with the name of its total; a Fault where the row cannot be carried out.
    """
    try:
        subject = await _past_rate_limits(lambda: kind.look(session.client, row_command.cells))
    except Refused as refused:
        if refused.status != 404:
            raise
        return Fault(row_command.row, refused.detail)
    if subject.fault and not (subject.is_new_wallet and new_wallets):
        return Fault(row_command.row, subject.fault)
    return row_command if row_command.total else replace(row_command, total=subject.currency)


async def execute(session: Session, kind: SheetKind, row_command: RowCommand) -> Result:
    """What the ledger made of a row. Raises Refused where any other row would be refused too."""
    try:
        made = await _past_rate_limits(
            lambda: kind.send(session.client, row_command.cells, row_command.body, row_command.key)
        )
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        error = f"{refused.slug or refused.status}: {refused.detail}"
        return Result(row_command.row, REFUSED, "", error, row_command.key)
    return Result(row_command.row, DONE, made, "", row_command.key)


async def _past_rate_limits(call: Callable[[], Awaitable[R]]) -> R:
    """The answer of a call, made again after each wait that the caller's rate limit asks for."""
    while True:
        try:
            return await call()
        except RateLimited as limited:
            await asyncio.sleep(limited.retry_after_s)


def totals_of(row_commands: Sequence[RowCommand]) -> dict[str, int]:
    """Minor units by the names of the totals."""
    totals: dict[str, int] = {}
    for row_command in row_commands:
        if row_command.total:
            totals[row_command.total] = totals.get(row_command.total, 0) + row_command.minor
    return dict(sorted(totals.items()))
