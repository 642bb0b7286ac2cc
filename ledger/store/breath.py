"""Long work on the event loop, in pieces: everything else runs in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from time import perf_counter
from typing import Final, TypeVar

T = TypeVar("T")

HOLD_S: Final = 0.01
"""How long work may hold the loop before it lets others run."""


async def breathing(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a breath between two of them whenever it is due."""
    since = perf_counter()
    for item in items:
        if perf_counter() - since >= HOLD_S:
            await asyncio.sleep(0)
            since = perf_counter()
        yield item
