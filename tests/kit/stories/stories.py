"""Stories: random sequences of commands, told as plain numbers that shrink well.

A step is a tuple of small numbers; what it means depends on what the story has come to: "capture
the third last hold", "jump to the very instant of the next expiry". So every shorter story is a
story too, and Hypothesis can shrink them.
"""

import random
from collections.abc import Sequence

from hypothesis import strategies as st
from msgspec import Struct

from ledger.core.batch import Batch, Envelope, Outcome, dues
from ledger.core.decider import Command, evolve
from ledger.core.flows.due import next_due_at
from ledger.core.flows.transfer import ReceiveTransfer
from ledger.core.instants import DAY_US, HOUR_US, Instant, shanghai_midnight_after
from ledger.core.terms import Terms
from tests.kit.auditor.auditor import Auditor
from tests.kit.desk import Journal, answer_of, at, envelope_of
from tests.kit.house_terms import auditor_for
from tests.kit.stories.imagination import Imagination
from tests.kit.stories.plain_states import (
    plain_books,
    plain_documents,
    plain_wallet,
    purse_as_documents,
    purse_as_wallet,
)
from tests.kit.stories.projections import agrees, drawn_id_of, operation_of, plain_answer

WALLETS = ("ann", "bob", "cyd")
CALLERS = ("app", "web")

STARTS = (
    "2026-01-31T23:59:59.999999",
    "2026-03-10T12:00:00",
    "2028-02-29T00:00:00",
    "2026-10-31T07:59:59",
    "2027-12-31T16:00:00",
)
"""Shanghai times at which calendars are hardest: month ends, leap days, midnights there and UTC."""


FAR_FUTURE = at("2100-01-01T00:00")
"""No story's clock goes there, though lots may last longer."""


class Step(Struct, frozen=True):
    """One command to come: what it is about, how far the clock jumps, which key it goes under."""

    kind: int
    wallet: int
    caller: int
    jump: int
    key: int
    x: int
    y: int
    z: int


_RANGES = Step(kind=251, wallet=2, caller=1, jump=49, key=17, x=59, y=11, z=11)
_NAMES = Step.__struct_fields__


def steps(max_size: int) -> st.SearchStrategy[list[Step]]:
    """Stories of up to `max_size` steps."""
    numbers = {name: st.integers(0, getattr(_RANGES, name)) for name in _NAMES}
    step = st.builds(Step, **numbers)
    # A list of a drawn length: left to itself, Hypothesis makes most lists very short.
    return st.integers(0, max_size).flatmap(
        lambda size: st.lists(step, min_size=size, max_size=size)
    )


def seeded_steps(seed: int, count: int) -> list[Step]:
    """The same kind of story from a seed, as long as one likes."""
    numbers = random.Random(seed)
    return [
        Step(**{name: numbers.randint(0, getattr(_RANGES, name)) for name in _NAMES})
        for _ in range(count)
    ]


class Sent(Struct, frozen=True):
    """One command as it was sent, when, and what it was answered."""

    envelope: Envelope
    now: Instant
    answer: Outcome
    replayed: bool


def own_key_of(command: Command) -> tuple[str, str] | None:
    """Caller and key of what the ledger itself sends: the key says of which transfer it is."""
    if isinstance(command, ReceiveTransfer):
        return "ledger", command.transfer.transfer_id
    return None


class Story:
    """Sends a story's commands one by one, and has the auditor judge every answer and wallet."""

    def __init__(
        self, terms: Terms, start: str, *, closed_through: int = 0, mood: str = "any"
    ) -> None:
        self.terms = terms
        self.journal = Journal(terms, closed_through=closed_through)
        self.auditor: Auditor = auditor_for(terms, closed_through=closed_through)
        self.now = at(start)
        self.sent: list[Sent] = []
        self.imagination = Imagination(terms, WALLETS, mood=mood)

    def tell(self, story: Sequence[Step]) -> None:
        """Play all steps."""
        for step in story:
            self._jump(step)
            self._send(self._envelope(step))

    def _jump(self, step: Step) -> None:
        due = next_due_at(self.journal.wallet_at(WALLETS[step.wallet], self.now))
        soon = due if due < FAR_FUTURE else self.now + HOUR_US
        midnight = shanghai_midnight_after(self.now)
        targets = {
            12: self.now + 1,
            13: soon - 1,
            14: soon,
            15: soon,
            16: soon + 1,
            17: midnight,
            18: midnight - 1,
            19: self.now + HOUR_US,
            20: self.now + DAY_US,
            21: self.now + 3 * DAY_US,
            22: self.now + 31 * DAY_US,
            23: self.now + 25 * HOUR_US,
        }
        target = targets.get(step.jump, self.now)
        if target > self.now:
            self._check_that_it_does_not_matter_when_dues_are_applied(target, step)
            self.now = target

    def _check_that_it_does_not_matter_when_dues_are_applied(
        self, target: Instant, step: Step
    ) -> None:
        for wallet_id in self.journal.wallets:
            wallet = self.journal.wallet(wallet_id)
            late = list(dues(wallet, target))
            between = self.now + (target - self.now) * (step.x + 1) // 61
            if late and step.y % 2:
                between = late[step.x % len(late)][0]
            early = list(dues(wallet, between))
            for _, event in early:
                wallet = evolve(wallet, event)
            assert early + list(dues(wallet, target)) == late
            instants = [instant for instant, _ in late]
            assert instants == sorted(instants)

    def _envelope(self, step: Step) -> Envelope:
        wallet_id, caller = WALLETS[step.wallet], CALLERS[step.caller]
        number = len(self.sent) + 1
        mine = [
            sent.envelope
            for sent in self.sent
            if sent.envelope.caller == caller and sent.envelope.command.wallet_id == wallet_id
        ]
        earlier = mine[-1 - step.z % len(mine)] if mine else None
        if step.key == 10 and earlier is not None:
            # The very same request again: a retry draws another id and salt.
            return envelope_of(earlier.command, number, earlier.key_hash.decode(), caller)
        wallet = self.journal.wallet_at(wallet_id, self.now)
        command = self.imagination.command(step, wallet, self.now)
        if (own := own_key_of(command)) is not None:
            return envelope_of(command, number, own[1], own[0])
        if step.key == 11 and earlier is not None:
            return envelope_of(command, number, earlier.key_hash.decode(), caller)
        # Two callers may use the same key: it is theirs alone.
        return envelope_of(command, number, f"key-{len(mine)}", caller)

    def _send(self, envelope: Envelope) -> None:
        batch: Batch = self.journal.run([envelope], self.now)
        answer = answer_of(batch.decided[0])
        replayed = bool(getattr(batch.decided[0], "replayed", False))
        self.sent.append(Sent(envelope, self.now, answer, replayed))
        if not replayed:
            self.imagination.learn(envelope.command.wallet_id, answer)
        expected = self.auditor.answer(operation_of(envelope), self.now, drawn_id_of(answer))
        plain = plain_answer(answer)
        assert agrees(plain, expected), (envelope.command, plain, expected)
        self._check_wallet(envelope.command.wallet_id)

    def _check_wallet(self, wallet_id: str) -> None:
        self.auditor.catch_up(wallet_id, self.now)
        got = plain_wallet(self.journal.wallet_at(wallet_id, self.now))
        expected = purse_as_wallet(self.auditor.purses[wallet_id])
        assert got == expected, wallet_id

    def check_everything(self) -> None:
        """Compare all wallets, documents and books with the auditor's."""
        for wallet_id in WALLETS:
            self._check_wallet(wallet_id)
            got = plain_documents(self.journal, wallet_id, self.now)
            assert got == purse_as_documents(self.auditor.purses[wallet_id]), wallet_id
        books = {key: amount for key, amount in self.auditor.books.items() if amount}
        assert plain_books(self.journal, self.now) == books
        assert not any(self._sums_by_currency().values())

    def _sums_by_currency(self) -> dict[str, int]:
        sums: dict[str, int] = {}
        for (_, currency), amount in self.auditor.trial_balance().items():
            sums[currency] = sums.get(currency, 0) + amount
        return sums

    def in_batches(self, cuts: Sequence[int]) -> Journal:
        """The same requests at the same instants, in batches of the sizes given, in turn.

        A batch has one instant, so a jump of the clock ends it early.
        """
        journal = Journal(self.terms, closed_through=self.journal.closed_through)
        rest = list(self.sent)
        turn = 0
        while rest:
            size = max(1, cuts[turn % len(cuts)])
            now = rest[0].now
            together = [sent for sent in rest[:size] if sent.now == now]
            batch = journal.run([sent.envelope for sent in together], now)
            for sent, outcome in zip(together, batch.decided, strict=True):
                assert answer_of(outcome) == sent.answer, sent.envelope
                assert bool(getattr(outcome, "replayed", False)) == sent.replayed, sent.envelope
            rest = rest[len(together) :]
            turn += 1
        return journal
