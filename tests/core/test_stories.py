"""Random stories of all commands: the auditor agrees, and batches change nothing."""

from collections import Counter
from typing import Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core import wire
from ledger.core.decider import Command
from ledger.core.instants import shanghai_day
from ledger.core.rejections import Reason, Rejection
from ledger.core.terms import Terms
from tests.kit.desk import at
from tests.kit.examples import examples
from tests.kit.house_terms import VARIANTS
from tests.kit.stories.imagination import MOODS
from tests.kit.stories.invariants import check_chain, check_invariants
from tests.kit.stories.situations import situations
from tests.kit.stories.stories import STARTS, Step, Story, seeded_steps, steps

REACHABLE: Final = {Reason.IDEMPOTENCY_KEY_REUSED} | {
    reason for kind in get_args(Command) for reason in (*kind.gates.reasons, *kind.refusals)
}
"""What commands say that they are refused for."""

stories = given(
    story=steps(50),
    terms=st.sampled_from(VARIANTS),
    mood=st.sampled_from(MOODS),
    start=st.sampled_from(STARTS),
    cuts=st.lists(st.integers(1, 12), min_size=1, max_size=4),
)


def play(story: list[Step], start: str, *, terms: Terms, mood: str, closed: int = 0) -> Story:
    """The story, told to a new ledger and to its auditor."""
    played = Story(terms, start, mood=mood, closed_through=closed)
    played.tell(story)
    return played


def check_batches(story: Story, cuts: list[int]) -> None:
    """Everything that is kept is the same, however the requests were cut into batches."""
    together = story.in_batches(cuts)
    alone = story.journal
    assert together.records == alone.records
    assert together.wallets == alone.wallets
    assert together.documents == alone.documents
    assert together.requests == alone.requests
    assert together.totals == alone.totals
    assert together.salts == alone.salts
    check_chain(together)


@stories
@examples(80)
def test_the_auditor_agrees_with_every_answer_wallet_document_and_balance(
    story: list[Step], start: str, cuts: list[int], terms: Terms, mood: str
) -> None:
    """Invariant 10: an independent, naive auditor predicts all of it."""
    del cuts
    play(story, start, terms=terms, mood=mood).check_everything()


@stories
@examples(50)
def test_a_batch_answers_exactly_as_its_commands_one_by_one_would(
    story: list[Step], start: str, cuts: list[int], terms: Terms, mood: str
) -> None:
    """Invariant 9: answers, seqs, ids, payloads, postings, documents and totals are the same."""
    played = play(story, start, terms=terms, mood=mood)
    check_batches(played, cuts)


@stories
@examples(40)
def test_every_invariant_holds_after_every_event(
    story: list[Step], start: str, cuts: list[int], terms: Terms, mood: str
) -> None:
    """Invariants 1 to 4 and 8, from the payload bytes alone."""
    del cuts
    played = play(story, start, terms=terms, mood=mood)
    check_invariants(played.journal)
    check_chain(played.journal)


@pytest.mark.parametrize(
    "seed", [*range(30), *(pytest.param(seed, marks=pytest.mark.rules) for seed in range(30, 90))]
)
def test_long_stories_keep_every_rule_at_once(seed: int) -> None:
    """Long lives of wallets reach what short stories cannot: second graces, queued terms."""
    start = STARTS[seed % len(STARTS)]
    closed = shanghai_day(at(start)) + 40 if seed % 7 == 0 else 0
    played = play(
        seeded_steps(seed, 150),
        start,
        terms=VARIANTS[seed % len(VARIANTS)],
        mood=MOODS[seed // 3 % len(MOODS)],
        closed=closed,
    )
    played.check_everything()
    check_invariants(played.journal)
    check_batches(played, [seed % 5 + 1, 1, 7, 20])


@pytest.mark.rules
def test_the_stories_reach_every_event_and_every_refusal() -> None:
    """A generator that does not reach a branch tests nothing there: floors on what it reaches."""
    tags: Counter[str] = Counter()
    reasons: Counter[Reason] = Counter()
    hard: Counter[str] = Counter()
    replays = 0
    for seed in range(180):
        terms, mood = VARIANTS[seed % len(VARIANTS)], MOODS[seed // 3 % len(MOODS)]
        story = play(seeded_steps(seed, 150), STARTS[seed % 4], terms=terms, mood=mood)
        story.check_everything()
        tags.update(record.tag for record in story.journal.records)
        answers = [each.answer for each in story.sent]
        reasons.update(answer.reason for answer in answers if isinstance(answer, Rejection))
        replays += sum(each.replayed for each in story.sent)
        hard.update(situations(story.journal))
    assert set(tags) == set(wire.EVENT_TYPES)
    assert set(reasons) == REACHABLE
    assert min(tags.values()) >= 10, tags
    assert min(reasons.values()) >= 3, reasons
    assert replays >= 500
    assert min(hard.values()) >= 1, hard
