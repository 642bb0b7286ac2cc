"""Rates: how many commands a caller may send, by token buckets in this process's memory."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

RATE_MAX: Final = 1_000_000
BURST_MAX: Final = 10_000_000
"""The highest limit that can be set: more than one process can serve."""

BUCKETS_KEPT: Final = 1_000
"""Beyond so many buckets the full ones are dropped: they are as good as new ones."""


class Rate(Struct, frozen=True):
    """A limit: `per_s` commands a second for long, `burst` of them at once after a rest."""

    per_s: int
    burst: int


class _Bucket(Struct):
    rate: Rate
    tokens: float
    at_s: float

    def refill(self, rate: Rate, now_s: float) -> None:
        tokens = self.tokens + (now_s - self.at_s) * rate.per_s
        self.tokens = tokens if tokens < rate.burst else float(rate.burst)
        self.rate, self.at_s = rate, now_s


class Buckets:
    """The bucket of each limited caller, by the caller's name; `clock_s` never goes back."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._buckets: dict[str, _Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, rate: Rate, cost: int) -> float | None:
        """Take `cost` tokens: None, or the seconds until there is one.

        A single token is enough to take more than there are, which leaves a negative balance: no
        other command is admitted until it has refilled. So a batch may exceed the burst, while the
        rate holds over time.
        """
        bucket = self._filled(name, rate)
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / rate.per_s
        bucket.tokens -= cost
        return None

    def charge(self, name: str, rate: Rate, cost: int) -> None:
        """Take `cost` tokens, even if the balance becomes negative."""
        self._filled(name, rate).tokens -= cost

    def _filled(self, name: str, rate: Rate) -> _Bucket:
        now_s = self._clock_s()
        bucket = self._buckets.get(name)
        if bucket is not None:
            bucket.refill(rate, now_s)
            return bucket
        if len(self._buckets) >= BUCKETS_KEPT:
            self._drop_full(now_s)
        bucket = self._buckets[name] = _Bucket(rate, float(rate.burst), now_s)
        return bucket

    def _drop_full(self, now_s: float) -> None:
        for name, bucket in list(self._buckets.items()):
            bucket.refill(bucket.rate, now_s)
            if bucket.tokens >= bucket.rate.burst:
                del self._buckets[name]
