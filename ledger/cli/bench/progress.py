"""Progress of a bench on standard error, where that is a terminal."""

import os
import sys
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

_TASK: Final = TaskID(0)
"""There is but one task, the first."""


class Turns:
    """How many turns of the measurements are over, and what is being done.

    Drawn anew between measurements only: a thread that draws during one would be measured.
    """

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
            disable=bool(os.environ.get("CI")) or not sys.stderr.isatty(),
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

    def expect(self, count: int) -> None:
        """So many turns there will be."""
        self._progress.update(_TASK, total=count)

    def say(self, what: str) -> None:
        """What is being done from now on."""
        self._progress.update(_TASK, description=what, refresh=True)

    def advance(self) -> None:
        """A turn is over."""
        self._progress.advance(_TASK)
