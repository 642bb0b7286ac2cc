"""Fixtures of the calls: people who may propose and approve."""

from collections.abc import AsyncIterator

import pytest

from tests.edges.calls.proposing import People, hired
from tests.kit.keys import MakeKey
from tests.kit.serving import Served, client_of


@pytest.fixture
async def people(served: Served, make_key: MakeKey) -> AsyncIterator[People]:
    """Three people who may propose and approve."""
    tokens = [(await hired(make_key))[1] for _ in range(3)]
    async with (
        client_of(served, tokens[0]) as ann,
        client_of(served, tokens[1]) as bob,
        client_of(served, tokens[2]) as cy,
    ):
        yield People(ann, bob, cy)
