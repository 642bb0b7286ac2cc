"""The median of ratios with its 90 % interval, without supposing how they are spread."""

from collections.abc import Sequence
from itertools import accumulate
from math import comb, exp, log
from typing import Final

from msgspec import Struct

CONFIDENCE: Final = 0.9

VALUES_MIN: Final = 5
"""Of fewer values even the smallest and the largest do not hold the median in 90 % of cases."""


class Interval(Struct, frozen=True):
    """A median, and between which values the true one lies with a confidence of 90 %."""

    median: float
    low: float
    high: float


def median_interval(ratios: Sequence[float]) -> Interval:
    """The sign test's interval, interpolated between order statistics.

    After Hettmansperger and Sheather, Confidence intervals based on interpolated order statistics
    (1986): it supposes only that the ratios are independent, and one or two outliers do not move
    it. In logarithms, so that a ratio turned over has the interval turned over.
    """
    assert len(ratios) >= VALUES_MIN
    ordered = sorted(log(ratio) for ratio in ratios)
    count = len(ordered)
    depth, share = _depth(count)
    last = count - 1
    low, high = (
        (1 - share) * ordered[outer] + share * ordered[inner]
        for outer, inner in ((depth - 1, depth), (last - depth + 1, last - depth))
    )
    middle = (ordered[last // 2] + ordered[count // 2]) / 2
    return Interval(exp(middle), exp(low), exp(high))


def _depth(count: int) -> tuple[int, float]:
    """Which value from either end is just outside the interval, and how far in it begins.

    From the d-th smallest to the d-th largest of n values holds the median with 1 − 2 P(B < d),
    where B counts the heads of n fair coins.
    """
    tails = list(accumulate(comb(count, heads) for heads in range(count // 2 + 1)))
    holds = [1 - 2 * tail / 2**count for tail in tails]
    depth = sum(1 for held in holds if held >= CONFIDENCE)
    outer, inner = holds[depth - 1], holds[depth]
    gained = (outer - CONFIDENCE) / (outer - inner)
    share = (count - depth) * gained / (depth + (count - 2 * depth) * gained)
    return depth, share
