"""A batch answers as its commands one by one would: random sequences, sent both ways, compared."""

import pytest

from tests.kit.batches import PATHS, Author, Run
from tests.kit.examples import seeds
from tests.kit.http_calls import new_wallet
from tests.kit.http_steps import called
from tests.kit.serving import Client


async def compare(http: Client, seed: int, chunks: int) -> list[tuple[str, int, bool]]:
    """Run a sequence both ways; (kind, status, replayed) of every command."""
    author, creator = Author(seed), called(new_wallet())
    single, batch = Run(http, creator), Run(http, creator)
    for run in (single, batch):
        await run.begin()
    seen = []
    for _ in range(chunks):
        commands = author.chunk(len(single.charges))
        alone, together = await single.one_by_one(commands), await batch.together(commands)
        for command, outcome, other in zip(commands, alone, together, strict=True):
            assert outcome == other, command
            seen.append((command[0], outcome[0], outcome[1]))
        if (order := author.control()) is not None:
            for run in (single, batch):
                await run.control(*order)
    assert await single.state() == await batch.state()
    return seen


@pytest.mark.parametrize("seed", seeds(6))
async def test_a_batch_answers_exactly_as_its_commands_one_by_one_would(
    http: Client, seed: int
) -> None:
    """Invariant 9: the same statuses, bodies, replays and final wallets, whatever the sequence."""
    seen = await compare(http, seed, chunks=16)
    assert {kind for kind, *_ in seen} == set(PATHS), "the sequence is too short to mean anything"


@pytest.mark.rules
async def test_what_is_compared_is_worth_comparing(http: Client) -> None:
    """Every command succeeds, is refused, and is told again; every kind of status is met."""
    seen = [command for seed in (100, 101, 102) for command in await compare(http, seed, chunks=24)]
    succeeded = {kind for kind, status, _ in seen if status < 400}
    refused = {kind for kind, status, _ in seen if status >= 400}
    replayed = {kind for kind, _, is_replay in seen if is_replay}
    assert succeeded == refused == replayed == set(PATHS)
    assert {status for _, status, _ in seen} == {200, 201, 400, 402, 404, 409, 422}
