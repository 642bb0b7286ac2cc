"""Figures: what a measurement yields, how rounds become one, and what is aimed at."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final, Literal

from msgspec import Struct

MEMORY_MAX_MB: Final = 250.0
GROWTH_MAX: Final = 1.1
"""Memory that grew by a tenth under load is not flat."""


class Sample(Struct, kw_only=True):
    """One round of one measurement. `count` are debits, pairs or commits done in `seconds`."""

    count: int
    seconds: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    failed: dict[str, int] = {}
    notes: dict[str, float] = {}

    @property
    def rate(self) -> float:
        """A second's worth."""
        return self.count / self.seconds


class Figure(Struct, kw_only=True):
    """A measurement: the median of its rounds, and the rounds' rates in their order."""

    letter: str
    label: str
    rate: float
    p50_ms: float | None
    p99_ms: float | None
    rounds: list[float]
    failed: dict[str, int]
    notes: dict[str, float]


class Aim(Struct, kw_only=True):
    """Something aimed at: a figure's rate against another's in the same round, or a bound."""

    what: str
    value: float
    bound: float
    sense: Literal["at least", "at most"]
    rounds: list[float] = []

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.value >= self.bound if self.sense == "at least" else self.value <= self.bound


def percentiles(seconds: Sequence[float]) -> tuple[float | None, float | None]:
    """The median and the 99th percentile in milliseconds; None of nothing."""
    if not seconds:
        return None, None
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return ordered[last // 2] * 1000, ordered[last * 99 // 100] * 1000


def figure_of(letter: str, label: str, samples: Sequence[Sample]) -> Figure:
    """The figure of a measurement's rounds; failures of all of them count."""
    failed: dict[str, int] = {}
    for sample in samples:
        for what, count in sample.failed.items():
            failed[what] = failed.get(what, 0) + count
    rates = [sample.rate for sample in samples]
    return Figure(
        letter=letter,
        label=label,
        rate=median(rates),
        p50_ms=_median([sample.p50_ms for sample in samples]),
        p99_ms=_median([sample.p99_ms for sample in samples]),
        rounds=rates,
        failed=failed,
        notes={note: median(sample.notes[note] for sample in samples) for note in samples[0].notes},
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def ratio_aim(
    what: str, figures: Mapping[str, Figure], name: str, to: str, least: float
) -> Aim | None:
    """One figure as a share of another, round by round; None where either was not measured."""
    if name not in figures or to not in figures:
        return None
    pairs = zip(figures[name].rounds, figures[to].rounds, strict=True)
    rounds = [own / other for own, other in pairs if other]
    if not rounds:
        return None
    return Aim(what=what, value=median(rounds), bound=least, sense="at least", rounds=rounds)


def aims_of(figures: Mapping[str, Figure], memory_mb: Sequence[float]) -> dict[str, Aim]:
    """Every aim that the figures can be held against; `memory_mb` is the worker's, in time."""
    p99_ms = figures["c_64"].p99_ms if "c_64" in figures else None
    aims = {
        "b_1000": ratio_aim("engine by 1,000 : COPY ceiling", figures, "b_1000", "a_copy", 0.5),
        "b_hot": ratio_aim("one hot wallet : spread wallets", figures, "b_hot", "b_1000", 0.8),
        "c_64": ratio_aim("HTTP at 64 : pgbench TPC-B", figures, "c_64", "g_pgbench", 1.0),
        "i_64": ratio_aim("gRPC at 64 : HTTP at 64", figures, "i_64", "c_64", 1.0),
        "j_batch": ratio_aim("gRPC batches : HTTP batches", figures, "j_batch", "d_batch", 1.0),
        "c_64_p99": None
        if p99_ms is None
        else Aim(what="HTTP at 64: p99, ms", value=p99_ms, bound=15.0, sense="at most"),
    }
    if memory_mb:
        aims["memory"] = Aim(
            what="worker's memory at most, MB",
            value=max(memory_mb),
            bound=MEMORY_MAX_MB,
            sense="at most",
        )
        aims["memory_growth"] = Aim(
            what="worker's memory, last : warm",
            value=memory_mb[-1] / memory_mb[0],
            bound=GROWTH_MAX,
            sense="at most",
        )
    return {name: aim for name, aim in aims.items() if aim is not None}
