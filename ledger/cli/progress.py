"""Progress bars: one for each phase on standard error, where that is a terminal."""

import os
import sys
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

_TASK: Final = TaskID(0)
"""There is but one task, the first."""

_STEPS: Final = 1_000


class Meter:
    """How far the phase under way has come."""

    def __init__(self, *, quiet: bool) -> None:
        self._done = self._step = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=quiet or bool(os.environ.get("CI")) or not sys.stderr.isatty(),
        )

    def __enter__(self) -> Self:
        self._progress.start()
        self._progress.add_task("", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, what: str, total: int) -> None:
        """The next phase begins."""
        self._done, self._step = 0, total // _STEPS
        self._progress.reset(_TASK, description=what, total=total)

    def advance(self, count: int) -> None:
        """So much more of the phase is done."""
        self._done += count
        # The bar takes longer over a step than the rest of us over a row.
        if self._done > self._step:
            self._progress.advance(_TASK, self._done)
            self._done = 0
