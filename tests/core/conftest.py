"""A desk of the pure core."""

import pytest

from tests.kit.desk import Desk, desk_at


@pytest.fixture
def desk() -> Desk:
    """A ledger at noon in Shanghai."""
    return desk_at("2026-03-10T12:00")
