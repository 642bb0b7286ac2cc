"""Retries by themselves: budget, waits and deadlines, on a clock and a die of the test's own."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.client import Pace, RetryBudget, RetryPolicy, new_key
from ledger.client.fields import amount_text
from ledger.client.retries import Retries

FRACTIONS = st.floats(min_value=0, max_value=1, exclude_max=True)


class Sandglass:
    """A clock that runs only while somebody sleeps."""

    def __init__(self, draw: Callable[[], float] = lambda: 0.5) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self.pace = Pace(clock=lambda: self.now, sleep=self._sleep, draw=draw)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def run(work: Coroutine[Any, Any, object]) -> None:
    """Run to the end; nothing in it waits for anything but the sandglass."""
    with pytest.raises(StopIteration):
        work.send(None)


@given(
    ratio=st.floats(min_value=0, max_value=1),
    burst=st.integers(min_value=0, max_value=20),
    calls=st.lists(st.integers(min_value=0, max_value=8), max_size=60),
)
def test_an_outage_brings_at_most_the_budget_of_retries(
    ratio: float, burst: int, calls: list[int]
) -> None:
    """In any stretch of n calls there are at most burst + n * ratio retries, however many want."""
    budget, glass, retried = RetryBudget(ratio=ratio, burst=burst), Sandglass(), 0
    policy = RetryPolicy(attempts_max=100, deadline_s=1e9)

    async def spend_the_budget() -> None:
        nonlocal retried
        for number, wanted in enumerate(calls, 1):
            retries = Retries(policy, budget, glass.pace)
            for _ in range(wanted):
                if not await retries.another(None):
                    break
                retried += 1
            assert retried <= burst + number * ratio + 1e-9

    run(spend_the_budget())


@given(calls=st.integers(min_value=10, max_value=200))
def test_a_quiet_time_fills_the_budget_again(calls: int) -> None:
    """Each call pays in its part, up to the burst."""
    budget = RetryBudget(ratio=0.1, burst=10)
    while budget.take():
        pass
    for _ in range(calls):
        budget.put()
    assert budget.left == pytest.approx(min(10, calls * 0.1))


@given(st.lists(FRACTIONS, min_size=30, max_size=30), st.integers(min_value=1, max_value=30))
def test_waits_are_drawn_from_a_range_that_doubles(drawn: list[float], attempts: int) -> None:
    """Full jitter: from 0 to the backoff, which doubles with every failure up to its most."""
    draws = iter(drawn)
    glass = Sandglass(lambda: next(draws))
    policy = RetryPolicy(attempts_max=attempts, deadline_s=1e9, backoff_s=0.5, backoff_max_s=7)

    async def failing() -> None:
        retries = Retries(policy, RetryBudget(), glass.pace)
        while True:
            retries.begin(0)
            if not await retries.another(None):
                break
        assert retries.attempts == attempts

    run(failing())
    most = [min(7.0, 0.5 * 2**number) for number in range(attempts - 1)]
    assert glass.slept == pytest.approx([d * m for d, m in zip(drawn, most, strict=False)])


@given(asked=st.floats(min_value=0, max_value=40), drawn=FRACTIONS)
def test_a_wait_that_was_asked_for_is_kept_or_the_call_given_up(asked: float, drawn: float) -> None:
    """Never sooner than Retry-After says, and never past the deadline."""
    glass = Sandglass(lambda: drawn)
    policy = RetryPolicy(deadline_s=20)

    async def failing() -> None:
        retries = Retries(policy, RetryBudget(), glass.pace)
        retries.begin(0)
        if await retries.another(asked):
            assert asked <= glass.now < 20
        else:
            assert asked + drawn * policy.backoff(1) >= 20
            assert glass.now == 0

    run(failing())


def test_an_attempt_takes_no_longer_than_what_is_left() -> None:
    """The deadline bounds the last attempt too; a long poll's wait is on top."""
    glass = Sandglass()
    retries = Retries(RetryPolicy(attempt_timeout_s=10, deadline_s=12), RetryBudget(), glass.pace)
    assert retries.begin(0) == 10
    assert retries.begin(25) == 35
    glass.now = 9
    assert retries.begin(0) == 3


def test_keys_are_version_7_and_grow() -> None:
    """RFC 9562: 48 bits of milliseconds, version 7, variant 2; no two are the same."""
    keys = [new_key() for _ in range(20_000)]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert {(key[14], key[19] in "89ab") for key in keys} == {("7", True)}
    assert len({key[19:] for key in keys}) == len(keys), "the random part is drawn for each key"


async def test_keys_of_threads_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the clock stands still: no two have the same time."""
    stands_at = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: stands_at)

    def some() -> list[str]:
        return [new_key() for _ in range(4_000)]

    switched = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        made = await asyncio.gather(*(asyncio.to_thread(some) for _ in range(4)))
    finally:
        sys.setswitchinterval(switched)
    assert len({key[:18] for keys in made for key in keys}) == 16_000
    assert all(keys == sorted(keys) for keys in made)


@pytest.mark.parametrize("amount", [1.0, 0.2, True, float("nan"), None])
def test_a_float_is_no_amount(amount: Any) -> None:
    """0.1 + 0.2 is not 0.3: who has a float must say what it stands for."""
    with pytest.raises(TypeError, match="Decimal"):
        amount_text(amount)


@pytest.mark.parametrize("amount", ["1.005", "ten", "NaN", "", "1e-3", "Infinity"])
def test_what_has_no_two_places_is_no_amount(amount: str) -> None:
    """Nothing is rounded here."""
    with pytest.raises(ValueError, match=r"amount|places"):
        amount_text(amount)


def test_amounts_are_written_as_the_contract_has_them() -> None:
    """Two places, no exponent."""
    amounts: list[Decimal | int | str] = [1, "0.2", Decimal("1E+3"), "10.0000"]
    assert [amount_text(amount) for amount in amounts] == ["1.00", "0.20", "1000.00", "10.00"]
