"""Two checkouts in turns on one machine: what a debit costs each of them in CPU time."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import Struct

from ledger.cli.bench.checkout import Checkout, this_checkout
from ledger.cli.bench.comparison import Comparison, Turn, compared
from ledger.cli.bench.figures import Sample
from ledger.cli.bench.place import WARM_UP_S
from ledger.cli.bench.processes import generating
from ledger.cli.bench.side import Side, books_of, side_of
from ledger.cli.bench.usage import tree_cpu_s
from ledger.cli.command_error import CommandError
from ledger.cli.progress import Turns

ROUNDS_MIN: Final = 7
ROUNDS: Final = 20
"""An even number, so that each side goes first as often as the other."""

TURN_S: Final = 2.0
"""Many short turns say more than a few long ones: what else a machine does lasts for seconds."""


class Measurement(Struct, frozen=True):
    """Something that both sides do: the process that does it, and how it is made to."""

    name: str
    label: str
    worker_pid: Callable[[Side], int]
    run: Callable[[Side, float], Sample]


MEASUREMENTS: Final = (
    Measurement(
        "c_64",
        "HTTP debits, 64",
        lambda side: side.service_pid,
        lambda side, seconds: side.http.measure_debits(64, seconds),
    ),
    Measurement(
        "b_1000",
        "engine by 1,000",
        lambda side: side.engine.pid,
        lambda side, seconds: side.engine.measure(1_000, seconds),
    ),
)
"""Under the names and labels that they have in a bench of one checkout."""


def compare(
    other: Checkout, seconds: float, wallets: int, rounds: int, progress: Turns
) -> Comparison:
    """Start both, warm both up, have them take turns, and verify the books of both."""
    load_before = os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ledger-bench-")))
        folder.chmod(0o711)
        generator = stack.enter_context(generating())
        sides = []
        for name, checkout in (("ours", this_checkout()), ("theirs", other)):
            progress.say(f"starting {name} and giving {wallets:,} wallets their funds")
            side = side_of(checkout, folder / name, generator, wallets)
            sides.append(stack.enter_context(side))
        ours, theirs = sides
        _warm_up(sides, seconds, progress)
        turns = _take_turns(ours, theirs, seconds, rounds, progress)
        load_after = os.getloadavg()[0]
        progress.say("verifying")
        books = books_of(ours, theirs)
    return Comparison(
        against=str(other.folder),
        seconds=seconds,
        rounds=rounds,
        wallets=wallets,
        processors=os.cpu_count() or 1,
        load_before=load_before,
        load_after=load_after,
        measurements={
            measurement.name: compared(measurement.label, *turns[measurement.name])
            for measurement in MEASUREMENTS
        },
        books=dict(zip(("ours", "theirs"), books, strict=True)),
    )


def _warm_up(sides: list[Side], seconds: float, progress: Turns) -> None:
    for side in sides:
        progress.say(f"warming up {side.checkout.folder}")
        for measurement in MEASUREMENTS:
            measurement.run(side, min(seconds, WARM_UP_S))


def _take_turns(
    ours: Side, theirs: Side, seconds: float, rounds: int, progress: Turns
) -> dict[str, tuple[list[Turn], list[Turn]]]:
    """Our turns and theirs, by measurement: AB, BA, AB …, so that no drift favours a side."""
    turns: dict[str, tuple[list[Turn], list[Turn]]] = {
        measurement.name: ([], []) for measurement in MEASUREMENTS
    }
    progress.expect(rounds * len(MEASUREMENTS) * 2)
    for number in range(rounds):
        for measurement in MEASUREMENTS:
            both = list(zip((ours, theirs), turns[measurement.name], strict=True))
            for side, taken in both if number % 2 == 0 else reversed(both):
                progress.say(f"{measurement.label}: {side.checkout.folder}")
                taken.append(_take_turn(measurement, side, seconds))
                progress.advance()
    return turns


def _take_turn(measurement: Measurement, side: Side, seconds: float) -> Turn:
    pids = (measurement.worker_pid(side), side.postgres_pid)
    before = [tree_cpu_s(pid) for pid in pids]
    sample = measurement.run(side, seconds)
    worker_s, postgres_s = (
        tree_cpu_s(pid) - start for pid, start in zip(pids, before, strict=True)
    )
    if sample.count == 0 or worker_s + postgres_s <= 0:
        raise CommandError(
            f"{measurement.label} of {side.checkout.folder} were to be measured for {seconds:g} s, "
            f"but {sample.count} debits were done in {worker_s + postgres_s:g} s of CPU time "
            f"(refused or failed: {sample.failed or 'none'}): mend what failed, or choose more "
            "--seconds"
        )
    return Turn(
        worker_us=worker_s / sample.count * 1e6,
        postgres_us=postgres_s / sample.count * 1e6,
        failed=sample.failed,
    )
