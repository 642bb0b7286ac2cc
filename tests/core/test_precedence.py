"""Where two rules are broken at once, the refusal is the first in the list of reasons."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, product
from types import CodeType, FunctionType, ModuleType
from typing import Any, get_args

import pytest

from ledger.core import wire
from ledger.core.batch import Decided, Envelope, Head, Remembered, Snapshot, decide_batch
from ledger.core.chain import Tree
from ledger.core.decider import Command
from ledger.core.flows import (
    adjustment,
    closure,
    control,
    conversion,
    daily_grant,
    debit,
    grant,
    hold,
    membership,
    opening,
    order,
    order_refund,
    refund,
    reversal,
    transfer,
)
from ledger.core.flows.debit import Debit
from ledger.core.flows.due import ApplyDues
from ledger.core.rejections import Reason, Rejection, rejected
from tests.core.breakers import GATE, Breaker, breakers_of
from tests.core.valid_commands import NOON, Scene, kind_of, scenes
from tests.kit.currencies import INSPIRATION
from tests.kit.desk import answer_of
from tests.kit.house_terms import SHARD, VARIANTS
from tests.kit.stories.imagination import MOODS
from tests.kit.stories.stories import STARTS, Story, seeded_steps

FLOWS = (
    adjustment, closure, control, conversion, daily_grant, debit, grant, hold, membership,
    opening, order, order_refund, refund, reversal, transfer,
)  # fmt: skip
EXCLUSIVE = {
    # A hold is unknown or closed, and an amount too small or too large.
    frozenset({Reason.HOLD_NOT_FOUND, Reason.HOLD_NOT_OPEN}),
    frozenset({Reason.AMOUNT_OUT_OF_RANGE, Reason.CAPTURE_EXCEEDS_HOLD}),
}
"""What no command can break at once; every other pair meets."""

PLACES = {reason: place for place, reason in enumerate(Reason)}

every_scene = pytest.mark.parametrize("scene", scenes(), ids=kind_of)


def refusal_of(scene: Scene) -> Reason | None:
    """Why the scene's command is refused; None if it is not."""
    decision = scene.decide()
    return decision.reason if isinstance(decision, Rejection) else None


def combined(scene: Scene, first: Breaker, second: Breaker) -> Scene | None:
    """Both broken at once; None where both change the same thing, so that only one of them is."""
    broken = second(first(scene))
    return broken if broken == first(second(scene)) else None


def reasons_in(function: FunctionType) -> set[Reason]:
    """The reasons that a function of the core names, and those that it calls."""
    reasons: set[Reason] = set()
    seen: set[FunctionType] = set()
    rest = [function]
    while rest:
        called = rest.pop()
        if called not in seen:
            seen.add(called)
            names = set(_names_in(called.__code__))
            reasons |= {Reason[name] for name in names & set(Reason.__members__)}
            rest += _functions(called.__globals__, names)
    return reasons


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _functions(scope: Mapping[str, Any], names: Iterable[str]) -> Iterator[FunctionType]:
    """The functions of the core that go by these names here, or in a module that does."""
    for name in names:
        value = scope.get(name)
        if isinstance(value, FunctionType) and value.__module__.startswith("ledger.core"):
            yield value
        elif isinstance(value, ModuleType):
            yield from _functions(vars(value), names)


@every_scene
def test_every_breaker_breaks_its_rule_alone(scene: Scene) -> None:
    """Without one the command succeeds; with one it is refused for that."""
    assert refusal_of(scene) is None
    for reason, breaker in breakers_of(scene):
        assert refusal_of(breaker(scene)) == reason


@every_scene
def test_of_two_broken_rules_the_first_in_the_list_is_told(scene: Scene) -> None:
    """The order of `Reason` is the order of precedence, for every pair that can meet."""
    met, wrong = set(), []
    for (reason, first), (other, second) in combinations(breakers_of(scene), 2):
        broken = combined(scene, first, second)
        if broken is not None:
            met.add(frozenset({reason, other}))
            expected = min(reason, other, key=PLACES.__getitem__)
            if (answer := refusal_of(broken)) != expected:
                wrong.append((reason, other, answer))
    assert not wrong
    reasons = {reason for reason, _ in breakers_of(scene)}
    assert {frozenset(pair) for pair in combinations(reasons, 2)} - met <= EXCLUSIVE


@every_scene
def test_an_idempotency_key_that_was_used_goes_before_every_other_rule(scene: Scene) -> None:
    """Of another command it is refused for that alone; of this one it has its first answer."""
    first: Rejection = rejected(Reason.TRANSFER_NOT_FOUND)
    another = Debit("ann", INSPIRATION, 1, reference="another")
    for _, breaker in breakers_of(scene):
        broken = breaker(scene)
        reused = answer_of(_again(broken, Remembered(wire.canonical(another, b""), b"", first)))
        assert isinstance(reused, Rejection)
        assert reused.reason == Reason.IDEMPOTENCY_KEY_REUSED
        sent = wire.canonical(broken.command, b"")
        assert answer_of(_again(broken, Remembered(sent, b"", first))) is first


def _again(scene: Scene, remembered: Remembered) -> Decided:
    """What comes of a scene's command under a key that was used before."""
    snapshot = Snapshot(
        Head(SHARD, 99, Tree(), 0, NOON),
        {"ann": scene.wallet},
        {("ann", *ref): document for ref, document in scene.documents.items()},
        {("ann", "app", b"key"): remembered},
    )
    envelope = Envelope("app", b"key", scene.command)
    (outcome,) = decide_batch(snapshot, [envelope], lambda _: scene.terms).decided
    return outcome


@pytest.mark.parametrize("kind", get_args(Command))
def test_a_command_declares_what_it_is_refused_for(kind: Any) -> None:
    """Exactly what can be broken of it beyond its gates, in the order of precedence."""
    broken = {
        reason
        for scene in scenes()
        if type(scene.command) is kind
        for reason, _ in breakers_of(scene)
        if reason not in GATE
    }
    assert set(kind.refusals) == broken
    assert list(kind.refusals) == sorted(kind.refusals, key=PLACES.__getitem__)


@pytest.mark.parametrize("flow", FLOWS)
def test_every_refusal_of_a_flow_is_declared_by_a_command(flow: Any) -> None:
    """By its source: what a flow's decision, or a rule that it calls, can refuse with."""
    kinds = get_args(flow.Command) or (flow.Command,)
    assert {reason for kind in kinds for reason in kind.refusals} == reasons_in(flow.decide)


def test_every_command_is_of_a_flow() -> None:
    """So that the test above leaves none out; what is due is never refused."""
    kinds = {kind for flow in FLOWS for kind in get_args(flow.Command) or (flow.Command,)}
    assert kinds == set(get_args(Command)) - {ApplyDues}


@pytest.mark.rules
def test_no_story_comes_to_a_refusal_that_no_breaker_brings_about() -> None:
    """The table of breakers is complete for every single command, as far as stories go."""
    known = {(type(each.command), reason) for each in scenes() for reason, _ in breakers_of(each)}
    refused = set()
    for seed, (terms, mood) in enumerate(product(VARIANTS, MOODS)):
        story = Story(terms, STARTS[seed % len(STARTS)], mood=mood)
        story.tell(seeded_steps(seed, 150))
        refused |= {
            (type(sent.envelope.command), sent.answer.reason)
            for sent in story.sent
            if isinstance(sent.answer, Rejection)
        }
    assert {pair for pair in refused if pair[1] != Reason.IDEMPOTENCY_KEY_REUSED} <= known
