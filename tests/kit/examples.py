"""How many examples a property is tried on: some in every run, twenty times as many for rules."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

EVERY = 100
"""What the profile of every run has; `examples` counts in shares of it."""

# What the machine is doing decides how long an example takes; nothing here is a time limit. In
# every run the examples are the same: what fails was changed, not drawn. Deep runs draw new ones.
_STEADY = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


def register_profiles() -> None:
    """`every` is what runs unless `--hypothesis-profile=deep` is asked for."""
    settings.register_profile("every", _STEADY, max_examples=EVERY)
    settings.register_profile(
        "deep", _STEADY, max_examples=20 * EVERY, derandomize=False, print_blob=True
    )
    settings.load_profile("every")


def examples(count: int) -> settings:
    """So many examples in every run, and in the deep one as many more as its profile says."""
    return settings(max_examples=max(count * settings().max_examples // EVERY, 1))


def seeds(count: int) -> list[Any]:
    """Seeds of stories that are drawn: the first in every run, the others for rules."""
    return [0, *(pytest.param(seed, marks=pytest.mark.rules) for seed in range(1, count))]
