"""Responses: whatever a call's command comes to, some operation says how that is answered."""

from pathlib import Path
from typing import Final, get_args

import pytest

from ledger.contract.operations import OPERATIONS, RESPONSES
from ledger.core.decider import Command
from ledger.core.rejections import Rejection
from tests.kit.house_terms import VARIANTS
from tests.kit.stories.imagination import MOODS
from tests.kit.stories.stories import STARTS, Story, seeded_steps

CONTRACT: Final = Path(__file__).parents[2] / "ledger" / "contract"
ASKED: Final = {
    command
    for command in get_args(Command)
    if any(f"{command.__name__}(" in path.read_text() for path in CONTRACT.rglob("*.py"))
}
"""The commands that the contract makes."""


@pytest.fixture(scope="module")
def outcomes() -> set[type]:
    """What the contract's commands came to in stories of every mood."""
    outcomes: set[type] = set()
    for seed, mood in enumerate(MOODS * 4):
        story = Story(VARIANTS[seed % len(VARIANTS)], STARTS[seed % 4], mood=mood)
        story.tell(seeded_steps(seed, 150))
        outcomes |= {
            type(sent.answer) for sent in story.sent if type(sent.envelope.command) in ASKED
        }
    return outcomes - {Rejection}


def test_every_outcome_of_a_call_has_a_response(outcomes: set[type]) -> None:
    """A call's command never comes to an event that no operation can tell."""
    assert not outcomes - set(RESPONSES)


def test_every_response_is_of_something_that_happens(outcomes: set[type]) -> None:
    """No operation says how to answer with what its command never comes to."""
    assert not set(RESPONSES) - outcomes


def test_no_two_operations_answer_with_the_same_event() -> None:
    """An event is told in one way, whether alone, in a batch or under a proposal."""
    events = [
        event for operation in OPERATIONS for event in (*operation.responds, *operation.effects)
    ]
    assert len(events) == len(set(events))
