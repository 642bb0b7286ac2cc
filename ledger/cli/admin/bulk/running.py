"""Running: rows on their way to the ledger, a bounded number at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from ledger.cli.admin.bulk.results import DONE, REFUSED, Result
from ledger.cli.admin.bulk.row_commands import Deed, Kind
from ledger.cli.admin.bulk.sheets import Fault
from ledger.cli.admin.session import Asked
from ledger.client import RateLimited, Refused

T = TypeVar("T")
R = TypeVar("R")

_OF_THE_CALLER: Final = frozenset({401, 403})
"""Refusals that say nothing of a row: the next one would be refused just so."""


async def each(
    things: Iterable[T],
    work: Callable[[T], Awaitable[R]],
    take: Callable[[R], None],
    at_once: int,
) -> None:
    """Do the work for all things, so many at once, and take each result as it comes.

    The first error ends it: what is under way is given up, what was taken stays taken.
    """
    waiting = iter(things)

    async def worker() -> None:
        for thing in waiting:
            take(await work(thing))

    tasks = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def look(asked: Asked, deed: Deed, *, new_wallets: bool) -> Deed | Fault:
    """What a row is about is read: the deed with its total, or what speaks against it."""
    try:
        found = await _patiently(lambda: asked.get(deed.subject))
    except Refused as refused:
        if refused.status != 404:
            raise
        return Fault(deed.row, refused.detail)
    if "balances" in found:
        return _judged(deed, found, new_wallets=new_wallets)
    if found.get("status") in {"pending", "closed"}:
        return Fault(deed.row, f"order {found['order_id']} was not paid: it is {found['status']}")
    return deed if deed.total else replace(deed, total=found["currency"])


def _judged(deed: Deed, wallet: dict[str, Any], *, new_wallets: bool) -> Deed | Fault:
    if wallet["status"] == "closed":
        return Fault(deed.row, f"wallet {wallet['wallet_id']} is closed")
    if not wallet["seq"] and not new_wallets:
        return Fault(
            deed.row,
            f"the ledger has never seen wallet {wallet['wallet_id']}: if its id is right, "
            "say --new-wallets",
        )
    return deed


async def carry_out(asked: Asked, kind: Kind, deed: Deed) -> Result:
    """What the ledger made of a row. Raises Refused where any other row would be refused too."""
    try:
        body = await _patiently(
            lambda: asked.client.request(
                "POST", deed.place, body=deed.body, idempotency_key=deed.key
            )
        )
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        error = f"{refused.slug or refused.status}: {refused.detail}"
        return Result(deed.row, REFUSED, "", error, deed.key)
    return Result(deed.row, DONE, str(body[kind.made]), "", deed.key)


async def _patiently(call: Callable[[], Awaitable[R]]) -> R:
    """The answer, however long the caller's rate makes us wait for it."""
    while True:
        try:
            return await call()
        except RateLimited as limited:
            await asyncio.sleep(limited.retry_after_s)


def totals_of(deeds: Sequence[Deed]) -> dict[str, int]:
    """Minor units by the names of the totals."""
    totals: dict[str, int] = {}
    for deed in deeds:
        if deed.total:
            totals[deed.total] = totals.get(deed.total, 0) + deed.minor
    return dict(sorted(totals.items()))
