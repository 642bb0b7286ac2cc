"""Background work: done soon after it is queued, a few at a time, from a bounded queue."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

QUEUE_MAX: Final = 10_000
"""How many may wait; what finds no room is dropped, and a job finds it in the database."""

CLOSE_S: Final = 5.0
"""How long `close` waits for work under way, in seconds."""


class Background(Generic[T]):
    """Does `work` with everything put in, at most `tasks_max` at a time; `work` never raises.

    What waits or is under way already is not put in again.
    """

    def __init__(self, work: Callable[[T], Awaitable[None]], tasks_max: int) -> None:
        self._work, self._tasks_max = work, tasks_max
        self._waiting: dict[str, T] = {}
        self._under_way: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def put(self, name: str, item: T) -> None:
        """Queue it, unless the queue is full."""
        if self._closing or name in self._under_way or len(self._waiting) >= QUEUE_MAX:
            return
        self._waiting[name] = item
        if len(self._tasks) < self._tasks_max:
            task = asyncio.get_running_loop().create_task(self._run(), name="background")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop what waits, and give work under way a while to end; then cancel it."""
        self._closing = True
        self._waiting.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=CLOSE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            name = next(iter(self._waiting))
            item = self._waiting.pop(name)
            self._under_way.add(name)
            try:
                await self._work(item)
            finally:
                self._under_way.discard(name)
