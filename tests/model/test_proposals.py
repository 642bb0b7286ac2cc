"""Proposals against a naive model: any story of people, keys, decisions, deaths and time."""

import itertools
from typing import Any, Final, Literal

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from ledger.access.proposal_rules import KeptProposal
from ledger.core.rejections import Reason, Rejection
from ledger.engine.lane import hash_key
from ledger.service import Ledger
from ledger.store import proposals as store
from ledger.store.proposals import Decision, Proposal, Verdict
from tests.kit.examples import examples
from tests.kit.proposals import adjust, adjustments, age, draft, resume
from tests.kit.steps import available

PEOPLE: Final = ("ann", "bob", "cy")
VERDICTS: Final[tuple[Verdict, ...]] = ("approved", "rejected", "withdrawn")
LIFE_S: Final = 3_600

_stories = itertools.count()


class Step(Struct, frozen=True):
    """One thing that happens; `which` counts proposals from the last one back."""

    what: Literal["propose", "decide", "die", "wait", "resume"]
    who: int
    key: int
    which: int
    verdict: int
    amount: int


class Row(Struct):
    """A proposal as somebody with pencil and paper would keep it."""

    by: str
    key: str
    amount: int
    age_s: int = 0
    verdict: str = ""
    decider: str = ""
    decision_key: str = ""
    decided: int = 0
    result: str = ""

    def status(self) -> str:
        """What everybody sees."""
        if not self.verdict:
            return "expired" if self.age_s >= LIFE_S else "open"
        return self.result or self.verdict


class Paper:
    """The whole of the rules, without a database, a race or a word of the code under test."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.balance = 0

    def propose(self, by: str, key: str, amount: int) -> tuple[str, int]:
        """(what is answered, of which row)."""
        for number, row in enumerate(self.rows):
            if (row.by, row.key) == (by, key):
                return ("again" if row.amount == amount else Reason.IDEMPOTENCY_KEY_REUSED), number
        self.rows.append(Row(by, key, amount))
        return "new", len(self.rows) - 1

    def decide(self, number: int, verdict: str, by: str, key: str, *, dies: bool = False) -> str:
        """What is answered."""
        row = self.rows[number]
        under_this_key = [
            other for other in self.rows if (other.decider, other.decision_key) == (by, key)
        ]
        if any(other is not row or other.verdict != verdict for other in under_this_key):
            return Reason.IDEMPOTENCY_KEY_REUSED
        mine = row.by == by
        if mine != (verdict == "withdrawn"):
            return Reason.PROPOSAL_IS_OWN if mine else Reason.PROPOSAL_IS_ANOTHERS
        if row.status() == "expired":
            return Reason.PROPOSAL_EXPIRED
        if row.verdict:
            if row.decider != by:
                return Reason.PROPOSAL_NOT_OPEN
            if row.verdict != verdict:
                return Reason.PROPOSAL_NOT_OPEN
            self._do(row)
            return "again"
        row.verdict, row.decider, row.decision_key = verdict, by, key
        row.decided = max(other.decided for other in self.rows) + 1
        if not dies:
            self._do(row)
        return "new"

    def resume(self) -> None:
        """What was approved and left is done, in the order of the approvals."""
        for row in sorted(self.rows, key=lambda row: row.decided):
            self._do(row)

    def _do(self, row: Row) -> None:
        if row.verdict != "approved" or row.result:
            return
        if self.balance + row.amount < 0:
            row.result = "refused"
        else:
            row.result = "done"
            self.balance += row.amount


class Stage:
    """A story told to the service, every answer compared with what the paper says."""

    def __init__(self, ledger: Ledger, owner: Any) -> None:
        self.ledger, self.owner, self.paper = ledger, owner, Paper()
        self.wallet = f"story-{next(_stories)}"
        self.made: list[Proposal] = []

    async def play(self, step: Step) -> None:
        """Have it happen."""
        by, key = PEOPLE[step.who], f"k{step.key}"
        match step.what:
            case "propose":
                await self._propose(by, key, step.amount)
            case "wait":
                await self._wait(LIFE_S // 2)
            case "resume":
                await self._wait(10)
                self.paper.resume()
                await resume(self.ledger)
            case "decide" | "die" if self.made:
                number = -1 - step.which % len(self.made)
                await self._decide(step, len(self.made) + number, by, key)
            case _:
                pass

    async def _propose(self, by: str, key: str, amount: int) -> None:
        direction = "credit" if amount > 0 else "debit"
        what = draft(adjust(self.wallet, abs(amount), direction), valid_for_s=LIFE_S)
        answer = await self.ledger.proposals.propose(by, key, what)
        expected, number = self.paper.propose(by, key, amount)
        if expected == "new":
            assert isinstance(answer, KeptProposal)
            self.made.append(answer.proposal)
        assert self._verdict_of(answer) == expected
        if isinstance(answer, KeptProposal):
            assert answer.proposal.proposal_id == self.made[number].proposal_id

    async def _decide(self, step: Step, number: int, by: str, key: str) -> None:
        verdict, name = VERDICTS[step.verdict], self.made[number].proposal_id
        decision = Decision(verdict, by, hash_key(key))
        if step.what == "die" and self.paper.rows[number].status() == "open":
            # The process that decides comes to its end before it does anything else.
            if self.paper.decide(number, verdict, by, key, dies=True) == "new":
                async with self.ledger.reading() as connection:
                    assert await store.decide_proposal(connection, name, decision) is not None
            return
        answer = await self.ledger.proposals.decide(name, decision)
        assert self._verdict_of(answer) == self.paper.decide(number, verdict, by, key)

    async def _wait(self, seconds: int) -> None:
        await age(self.owner, seconds)
        for row in self.paper.rows:
            row.age_s += seconds

    def _verdict_of(self, answer: object) -> str:
        if isinstance(answer, Rejection):
            return answer.reason
        assert isinstance(answer, KeptProposal), answer
        return "again" if answer.replayed else "new"

    async def check(self) -> None:
        """Every row, the wallet, and one event for each that is done and no other."""
        for row, proposal in zip(self.paper.rows, self.made, strict=True):
            current = await self.ledger.proposals.read(proposal.proposal_id)
            assert current is not None
            assert (current.status, current.decided_by or "") == (row.status(), row.decider)
            assert current.command == proposal.command
        assert await available(self.ledger, self.wallet) == self.paper.balance
        done = {
            (proposal.proposal_id, row.by, row.decider, f"approval:{row.decider}")
            for row, proposal in zip(self.paper.rows, self.made, strict=True)
            if row.result == "done"
        }
        events = await adjustments(self.owner, self.wallet)
        assert done == {
            (payload["proposal_id"], payload["proposed_by"], payload["approved_by"], caller)
            for caller, payload in events
        }
        assert len(events) == len(done)


_steps = st.lists(
    st.builds(
        Step,
        what=st.sampled_from(("propose", "propose", "decide", "decide", "die", "wait", "resume")),
        who=st.integers(0, 2),
        key=st.integers(0, 9),
        which=st.integers(0, 5),
        verdict=st.sampled_from((0, 0, 0, 1, 2)),
        amount=st.sampled_from((100, 100, 40, -70, -500)),
    ),
    min_size=10,
    max_size=30,
)


@examples(10)
@given(story=_steps)
async def test_any_story_of_proposals_goes_as_on_paper(
    ledger: Ledger, owner: Any, story: list[Step]
) -> None:
    """Answers, statuses, the balance and who the log says did it."""
    stage = Stage(ledger, owner)
    for step in story:
        await stage.play(step)
    # What an earlier story left is its own, but the job does it all the same.
    await stage.play(Step("resume", 0, 0, 0, 0, 0))
    await stage.check()
