"""`ledger bench`: what this machine does, and what the ledger makes of it, as ratios of one run.

Everything runs on a Postgres of its own in a temporary folder, with fsync on; TMPDIR chooses the
disk. Nobody's data is touched.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final

from msgspec import Struct

from ledger.cli.bench import comparison, report
from ledger.cli.bench.against import ROUNDS, ROUNDS_MIN, TURN_S, compare
from ledger.cli.bench.checkout import checkout_at
from ledger.cli.bench.driver import log_to_standard_error
from ledger.cli.bench.figures import Sample, aims_of, figure_of
from ledger.cli.bench.place import Place, place_for
from ledger.cli.bench.plan import MEASUREMENT_S, Measurement, chosen, turns
from ledger.cli.bench.report import Report
from ledger.cli.bench.usage import require_linux
from ledger.cli.command_error import CommandError
from ledger.cli.progress import Turns

UNSOUND: Final = 1
"""Exit code of a run in which a request failed or the books do not agree; slow is no failure."""

_SECONDS_MIN: Final = 0.1
_SECONDS_MAX: Final = 600
_WALLETS_MAX: Final = 1_000_000
_ROUNDS_MAX: Final = 1_000


class BenchOptions(Struct, frozen=True, kw_only=True):
    """What was asked for: all measurements, some `only`, or a comparison `against` a checkout."""

    as_json: bool
    seconds: float | None
    wallets: int
    only: str | None
    against: Path | None
    rounds: int | None


def run(options: BenchOptions) -> None:
    """Measure and report; exits with 1 where anything but speed was found wanting."""
    require_linux()
    _check(options)
    log_to_standard_error()
    # A SIGTERM unwinds what was started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, _leave)
    is_sound = (
        _run_alone(options) if options.against is None else _run_against(options.against, options)
    )
    if not is_sound:
        sys.exit(UNSOUND)


def _check(options: BenchOptions) -> None:
    if options.seconds is not None and not _SECONDS_MIN <= options.seconds <= _SECONDS_MAX:
        raise CommandError(
            f"--seconds is between {_SECONDS_MIN} and {_SECONDS_MAX}, not {options.seconds:g}"
        )
    if not 1 <= options.wallets <= _WALLETS_MAX:
        raise CommandError(f"--wallets is between 1 and {_WALLETS_MAX:,}, not {options.wallets}")
    if options.against is None and options.rounds is not None:
        raise CommandError("--rounds counts turns against another checkout: name it by --against")
    if options.against is not None and options.only is not None:
        raise CommandError("--against has its own measurements: leave out --only")
    if options.rounds is not None and not ROUNDS_MIN <= options.rounds <= _ROUNDS_MAX:
        raise CommandError(
            f"--rounds is between {ROUNDS_MIN} and {_ROUNDS_MAX:,}, not {options.rounds}: "
            "fewer turns say too little"
        )


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def _run_against(path: Path, options: BenchOptions) -> bool:
    other = checkout_at(path)
    with Turns() as progress:
        outcome = compare(
            other, options.seconds or TURN_S, options.wallets, options.rounds or ROUNDS, progress
        )
    if options.as_json:
        print(comparison.json_of(outcome))
    else:
        comparison.show(outcome)
    return outcome.is_sound


def _run_alone(options: BenchOptions) -> bool:
    outcome = _measure(chosen(options.only), options.seconds or MEASUREMENT_S, options.wallets)
    if options.as_json:
        print(report.json_of(outcome))
    else:
        report.show(outcome)
    return outcome.is_sound


def _measure(measurements: list[Measurement], seconds: float, wallets: int) -> Report:
    load_before = os.getloadavg()[0]
    with Turns() as progress:
        letters = {measurement.letter for measurement in measurements}
        with place_for(letters, wallets, seconds, progress.say) as place:
            samples = _samples(place, measurements, seconds, progress)
            load_after = os.getloadavg()[0]
            progress.say("verifying")
            events, differences = place.verify()
            memory_mb = place.served.memory_mb if place.served is not None else []
    figures = {
        measurement.name: figure_of(
            measurement.letter, measurement.label, samples[measurement.name]
        )
        for measurement in measurements
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
    place: Place, measurements: list[Measurement], seconds: float, progress: Turns
) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {measurement.name: [] for measurement in measurements}
    order = turns(measurements, seconds)
    progress.expect(len(order))
    for measurement, share in order:
        progress.say(f"({measurement.letter}) {measurement.label}")
        samples[measurement.name].append(measurement.run(place, share))
        progress.advance()
    return samples
