"""Retries: which attempts may follow a failed one, when, and how many all calls have together.

A library would not do: stamina and tenacity know neither a budget shared by all calls nor a wait
that the server asks for, and with both a failed attempt has no say in what its failure means.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How long and how often one logical call is tried; times in seconds.

    It is tried until `deadline_s` is over, which outlasts a restart of the ledger, and at most
    `attempts_max` times. The wait before attempt n+1 is drawn evenly between 0 and
    `backoff_s` doubled n-1 times, at most `backoff_max_s` (full jitter); what the ledger asks for
    in Retry-After comes on top. A wait that would end after `deadline_s` is not begun.
    """

    attempts_max: int = 1_000
    attempt_timeout_s: float = 10.0
    deadline_s: float = 30.0
    backoff_s: float = 0.1
    backoff_max_s: float = 3.0

    def backoff(self, failures: int) -> float:
        """The longest wait after so many failures, the first being 1."""
        # 2**60 is longer than anyone waits, and far from where a float overflows.
        return min(self.backoff_max_s, self.backoff_s * 2.0 ** min(failures - 1, 60))


ONCE: Final = RetryPolicy(attempts_max=1)
"""No retries at all."""


class RetryBudget:
    """What keeps an outage from multiplying the load: a bucket of retries.

    Every logical call puts `ratio` of a retry into it, every retry takes one out, and it holds
    `burst` at most (`math.inf` is no budget). So in any stretch of n calls there are at most
    `burst` + n * `ratio` retries.
    """

    def __init__(self, *, ratio: float = 0.1, burst: float = 100.0) -> None:
        self._ratio, self._burst = ratio, burst
        self._left = burst

    @property
    def left(self) -> float:
        """How many retries it has now."""
        return self._left

    def put(self) -> None:
        """Put in the share of one more call."""
        self._left = min(self._burst, self._left + self._ratio)

    def take(self) -> bool:
        """Take out one retry; False when there is none."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Pace(Struct, frozen=True, kw_only=True):
    """Where time and chance come from: `draw` gives numbers of [0, 1)."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    draw: Callable[[], float] = random.random


class Retries:
    """Counts the attempts of one logical call, and decides whether and when another may follow."""

    def __init__(self, policy: RetryPolicy, budget: RetryBudget, pace: Pace) -> None:
        self._policy, self._budget, self._pace = policy, budget, pace
        self._begun_at = pace.clock()
        self._give_up_at = self._begun_at + policy.deadline_s
        self.attempts = 0
        budget.put()

    def begin(self, waits_s: float) -> float:
        """Begin an attempt: how many seconds it may take; `waits_s` is added to what is usual."""
        self.attempts += 1
        self._begun_at = self._pace.clock()
        left = self._give_up_at - self._pace.clock()
        return max(0.001, min(self._policy.attempt_timeout_s, left)) + waits_s

    @property
    def has_worked(self) -> bool:
        """Whether the attempt lasted longer than any wait: then it did not fail at once."""
        return self._pace.clock() - self._begun_at > self._policy.backoff_max_s

    async def another(self, asked_s: float | None) -> bool:
        """Wait for the next attempt; False when there is none. `asked_s` is the Retry-After."""
        policy, pace = self._policy, self._pace
        if self.attempts >= policy.attempts_max:
            return False
        wait_s = (asked_s or 0.0) + pace.draw() * policy.backoff(self.attempts)
        if pace.clock() + wait_s >= self._give_up_at or not self._budget.take():
            return False
        await pace.sleep(wait_s)
        return True
