"""`ledger bench`: what this machine does, and what the ledger makes of it, as ratios of one run.

Everything runs on one Postgres of its own in a temporary folder, with fsync on; TMPDIR chooses
the disk. Nobody's data is touched.
"""

import logging
import os
import signal
import sys
from types import FrameType
from typing import Final

import structlog
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from ledger.cli.bench.figures import Sample, aims_of, figure_of
from ledger.cli.bench.place import Place, place_for
from ledger.cli.bench.plan import Measurement, chosen, turns
from ledger.cli.bench.report import Report, json_of, show
from ledger.cli.failures import CommandError

UNSOUND: Final = 1
"""Exit code of a run in which a request failed or the books do not agree; slow is no failure."""

_SECONDS_MIN: Final = 0.1
_SECONDS_MAX: Final = 600
_WALLETS_MAX: Final = 1_000_000


def run(*, as_json: bool, seconds: float, wallets: int, only: str | None) -> None:
    """Measure and report; exits with 1 where anything but speed was found wanting."""
    measurements = chosen(only)
    if not _SECONDS_MIN <= seconds <= _SECONDS_MAX:
        raise CommandError(
            f"--seconds is between {_SECONDS_MIN} and {_SECONDS_MAX}, not {seconds:g}"
        )
    if not 1 <= wallets <= _WALLETS_MAX:
        raise CommandError(f"--wallets is between 1 and {_WALLETS_MAX:,}, not {wallets}")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # Told to stop, it unwinds what it started, as with Ctrl-C.
    signal.signal(signal.SIGTERM, _leave)
    report = _measure(measurements, seconds, wallets)
    if as_json:
        print(json_of(report))
    else:
        show(report)
    if not report.is_sound:
        sys.exit(UNSOUND)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def _measure(measurements: list[Measurement], seconds: float, wallets: int) -> Report:
    load_before = os.getloadavg()[0]
    with _progress() as progress:
        progress.add_task("", total=None)
        letters = {one.letter for one in measurements}
        with place_for(letters, wallets, seconds, lambda what: _tell(progress, what)) as place:
            samples = _samples(place, measurements, seconds, progress)
            load_after = os.getloadavg()[0]
            _tell(progress, "verifying")
            events, differences = place.verify()
            memory_mb = place.served.memory_mb if place.served is not None else []
    figures = {
        one.name: figure_of(one.letter, one.label, samples[one.name]) for one in measurements
    }
    return Report(
        seconds=seconds,
        wallets=wallets,
        processors=os.cpu_count() or 1,
        load_before=load_before,
        load_after=load_after,
        figures=figures,
        aims=aims_of(figures, memory_mb),
        memory_mb=memory_mb,
        events=events,
        differences=differences,
    )


def _samples(
    place: Place, measurements: list[Measurement], seconds: float, progress: Progress
) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {one.name: [] for one in measurements}
    order = turns(measurements, seconds)
    progress.update(_TASK, total=len(order))
    for measurement, share in order:
        _tell(progress, f"({measurement.letter}) {measurement.label}")
        samples[measurement.name].append(measurement.run(place, share))
        progress.advance(_TASK)
    return samples


_TASK: Final = TaskID(0)
"""There is but one task, the first."""


def _progress() -> Progress:
    """Drawn anew between measurements only: a thread that draws during one would be measured."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        disable=bool(os.environ.get("CI")) or not sys.stderr.isatty(),
    )


def _tell(progress: Progress, what: str) -> None:
    progress.update(_TASK, description=what, refresh=True)
