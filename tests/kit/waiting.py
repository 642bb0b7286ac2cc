"""Waiting for what becomes true; how long a machine needs is not what is tested."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE_S = 120
"""Bounds what hangs, and nothing else: a quiet machine needs a hundredth of it."""


async def until(true: Callable[[], Awaitable[object] | object], what: str = "") -> None:
    """Wait for something to become true, an answer of the ledger say."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        answer = true()
        if await answer if isinstance(answer, Awaitable) else answer:
            return
        assert time.monotonic() < give_up_at, f"it did not become true: {what or true}"
        await asyncio.sleep(0.01)


def wait_until(true: Callable[[], object], what: str = "") -> None:
    """The same, for tests and threads without a loop."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up_at, f"it did not become true: {what or true}"
        time.sleep(0.01)


async def until_background_rests() -> None:
    """Wait until no service in this process has any work of its own under way."""
    await until(lambda: "background" not in {task.get_name() for task in asyncio.all_tasks()})
