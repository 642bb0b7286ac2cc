"""Fixtures of the calls: people who may propose and approve."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import MakeKey, Served
from tests.edges.calls.proposing import People, client, hired


@pytest.fixture
async def people(served: Served, make_key: MakeKey) -> AsyncIterator[People]:
    """Three people who may propose and approve."""
    tokens = [(await hired(make_key))[1] for _ in range(3)]
    async with (
        client(served.url, tokens[0]) as ann,
        client(served.url, tokens[1]) as bob,
        client(served.url, tokens[2]) as cy,
    ):
        yield People(ann, bob, cy)
