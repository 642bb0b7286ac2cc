"""The plan: every measurement by its name, and in which order they take their turns."""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from ledger.cli.bench.figures import Sample
from ledger.cli.bench.place import Place
from ledger.cli.command_error import CommandError

Run = Callable[[Place, float], Sample]
"""Measures for some seconds."""

LETTERS: Final = "abcdefghij"

MEASUREMENT_S: Final = 5.0
"""For how long a measurement runs unless something else is asked for."""

ROUNDS: Final = 3
"""How often measurements that are compared take turns: what else the machine does hits all."""

ROUNDS_WORTH_S: Final = 2.0
"""Shorter than this a measurement is not worth dividing: it is a smoke test."""


class Measurement(Struct, frozen=True):
    """One line of the report. Those `compared` run in several rounds, one after the other."""

    name: str
    label: str
    run: Run
    compared: bool = False

    @property
    def letter(self) -> str:
        """What `--only` chooses it by."""
        return self.name[0]


def _engine(size: int, *, one_wallet: bool = False) -> Run:
    return lambda place, seconds: place.measure_engine(size, seconds, one_wallet=one_wallet)


def _debits(connections: int) -> Run:
    return lambda place, seconds: place.http.measure_debits(connections, seconds)


MEASUREMENTS: Final = (
    Measurement("a_copy", "same rows by COPY", lambda p, s: p.measure_copy(s), compared=True),
    Measurement("b_1", "engine by 1", _engine(1)),
    Measurement("b_10", "engine by 10", _engine(10)),
    Measurement("b_100", "engine by 100", _engine(100)),
    Measurement("b_1000", "engine by 1,000", _engine(1_000), compared=True),
    Measurement("b_hot", "engine, one wallet", _engine(1_000, one_wallet=True), compared=True),
    Measurement("c_1", "HTTP debits, 1", _debits(1)),
    Measurement("c_16", "HTTP debits, 16", _debits(16)),
    Measurement("c_64", "HTTP debits, 64", _debits(64), compared=True),
    Measurement("c_256", "HTTP debits, 256", _debits(256)),
    Measurement(
        "d_batch",
        "HTTP batches of 1,000, 2",
        lambda p, s: p.http.measure_batches(2, s),
        compared=True,
    ),
    Measurement("e_hold", "HTTP hold + capture, 64", lambda p, s: p.http.measure_holds(64, s)),
    Measurement("f_replay", "HTTP replays, 64", lambda p, s: p.http.measure_replays(64, s)),
    Measurement("g_pgbench", "pgbench TPC-B, 16", lambda p, s: p.measure_pgbench(s), compared=True),
    Measurement("h_commit", "single-row commits, 1", lambda p, s: p.measure_commits(s)),
    Measurement(
        "i_64", "gRPC debits, 64", lambda p, s: p.http.measure_rpc_debits(64, s), compared=True
    ),
    Measurement(
        "j_batch",
        "gRPC batches of 1,000, 2",
        lambda p, s: p.http.measure_rpc_batches(2, s),
        compared=True,
    ),
)
"""In the order of the report. Replays come after the debits that they repeat."""


def chosen(only: str | None) -> list[Measurement]:
    """The measurements of the letters in `only`, or all. Raises CommandError for another letter."""
    letters = set(LETTERS) if only is None else {part.strip() for part in only.split(",")}
    if not letters <= set(LETTERS):
        raise CommandError(f"--only takes letters from a to j, as in `a,b`, not {only!r}")
    return [measurement for measurement in MEASUREMENTS if measurement.letter in letters]


def turns(measurements: Iterable[Measurement], seconds: float) -> list[tuple[Measurement, float]]:
    """Who runs when, and for how long: what is compared in rounds first, then the rest."""
    every = list(measurements)
    rounds = ROUNDS if seconds >= ROUNDS_WORTH_S else 1
    # Half a measurement a round: a third of it would hardly outlast a connection's first plans.
    share = seconds if rounds == 1 else seconds / 2
    compared = [
        (measurement, share) for _ in range(rounds) for measurement in every if measurement.compared
    ]
    return compared + [(measurement, seconds) for measurement in every if not measurement.compared]
