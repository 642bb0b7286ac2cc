"""Progress bars on standard error, where that is a terminal."""

import os
import sys
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_TASK: Final = TaskID(0)
"""There is but one task, the first."""

_STEPS: Final = 1_000


class _Bar:
    def __init__(self, *columns: ProgressColumn, quiet: bool, auto_refresh: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            *columns,
            console=Console(stderr=True),
            auto_refresh=auto_refresh,
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


class Meter(_Bar):
    """How far the phase under way has come."""

    def __init__(self, *, quiet: bool) -> None:
        columns = (TaskProgressColumn(), TimeRemainingColumn())
        super().__init__(*columns, quiet=quiet, auto_refresh=True)
        self._done = self._step = 0

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


class Turns(_Bar):
    """How many turns of a bench's measurements are over, and what is being done.

    Drawn anew between measurements only: a thread that draws during one would be measured.
    """

    def __init__(self) -> None:
        super().__init__(MofNCompleteColumn(), TimeElapsedColumn(), quiet=False, auto_refresh=False)

    def expect(self, count: int) -> None:
        """So many turns there will be."""
        self._progress.update(_TASK, total=count)

    def say(self, what: str) -> None:
        """What is being done from now on."""
        self._progress.update(_TASK, description=what, refresh=True)

    def advance(self) -> None:
        """A turn is over."""
        self._progress.advance(_TASK)
