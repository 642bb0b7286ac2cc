"""A batch: many commands decided in order against one loaded snapshot. Pure and synchronous."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain as joined
from itertools import islice
from typing import Final

from msgspec import Struct

from ledger.core import wire
from ledger.core.chain import Block, Record, Tree, block_of, grow
from ledger.core.decider import (
    Command,
    DocumentRef,
    Event,
    State,
    charge_of,
    decide,
    evolve,
    refs_of,
)
from ledger.core.entries import documents_after, entry_for
from ledger.core.flows.daily_grant import AlreadyTaken
from ledger.core.flows.due import Agenda, ApplyDues, DuesApplied, next_due_at
from ledger.core.instants import Instant, shanghai_day
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Document, Wallet

Outcome = Event | AlreadyTaken | DuesApplied | Rejection
"""What a command came to: its own event, a verdict without one, or a refusal."""

_WITHOUT_EVENT = (Rejection, AlreadyTaken)

RequestKey = tuple[str, str, bytes]
"""(wallet, caller, key hash): the scope within which an idempotency key is one request."""


class Envelope(Struct, frozen=True, gc=False):
    """A command on its way: who sends it under which key, and what it may need to be decided.

    `key_hash` is that of the idempotency key; `fresh_id` an id made for it beforehand, so that a
    batch that runs again decides the same; `salt` keeps the digest of free text from guessing.
    """

    caller: str
    key_hash: bytes
    command: Command
    fresh_id: str = ""
    salt: bytes = b""


class Remembered(Struct, frozen=True):
    """What a key was first used for, and its answer; `salt` is None once the text was erased."""

    command: bytes
    salt: bytes | None
    outcome: Outcome


class Head(Struct, frozen=True):
    """A shard's head, read under its lock; `now` is the clock, never before the last record."""

    shard: int
    seq: int
    tree: Tree
    closed_through: int
    now: Instant


class Snapshot(Struct):
    """Everything a batch may look at, loaded in one round trip.

    `seqs` are the wallets' last seqs, `counts` how many events each of them has.
    """

    head: Head
    wallets: dict[str, Wallet]
    documents: dict[tuple[str, str, str], Document]
    remembered: dict[RequestKey, Remembered]
    seqs: dict[str, int] = {}
    counts: dict[str, int] = {}


class Done(Struct, frozen=True, gc=False):
    """A command that was decided; `replayed` if its request had been decided before."""

    outcome: Outcome
    replayed: bool = False


class Failed(Struct, frozen=True):
    """A command that raised: a bug. It fails alone and leaves nothing behind.

    `dues` says that the wallet's dues raised, so that no command on it can succeed.
    """

    error: Exception
    dues: bool = False


Decided = Done | Failed


class _DuesError(Exception):
    """Recording what had fallen due in the wallet raised: `__cause__` is the error."""


class Request(Struct, frozen=True, gc=False):
    """A request to remember: the seq of its event, or its verdict with the command as sent."""

    wallet_id: str
    caller: str
    key_hash: bytes
    seq: int | None
    command: bytes
    verdict: bytes = b""


class Text(Struct, frozen=True):
    """Free text of a request, for the erasable side table."""

    wallet_id: str
    caller: str
    key_hash: bytes
    salt: bytes
    text: str


class Bounds(Struct, frozen=True):
    """How much one batch may come to, so that it neither holds others up nor times out.

    `dues` is how many events that fell due in one wallet are recorded before a command on it is
    decided, `payload_bytes` after how many bytes of events no further command is decided.
    """

    dues: int
    payload_bytes: int


_NO_BOUND: Final = 2**62
UNBOUNDED: Final = Bounds(_NO_BOUND, _NO_BOUND)
"""For who decides without writing."""


class Batch(Struct):
    """What a batch came to: what was decided of each command, and everything to append.

    Of `decided` there may be less than commands: the rest is for the next batch.
    """

    decided: list[Decided]
    records: list[Record]
    requests: list[Request]
    texts: list[Text]
    wallets: dict[str, Wallet]
    documents: dict[tuple[str, str, str], Document]
    totals: dict[tuple[int, int, int], tuple[int, int]]
    block: Block | None = None
    tree: Tree | None = None
    payload_bytes: int = 0


def decide_batch(
    snapshot: Snapshot, envelopes: Sequence[Envelope], terms_at: Callable[[Instant], Terms]
) -> Batch:
    """All commands decided at once; see `deciding`."""
    batch = Batch([], [], [], [], {}, {}, {})
    for _ in deciding(batch, snapshot, envelopes, terms_at, UNBOUNDED):
        pass
    return batch


def deciding(
    batch: Batch,
    snapshot: Snapshot,
    envelopes: Sequence[Envelope],
    terms_at: Callable[[Instant], Terms],
    bounds: Bounds,
) -> Iterator[None]:
    """Decide the commands in order, each on the wallets as the commands before it left them.

    A step decides one command, so that whoever takes the steps may do something else between them;
    when there is none left, the batch is complete. It ends early where `bounds` are reached, but
    never without an event or a decision. A batch of nothing but refusals and replays has no records
    and no block.
    """
    terms = terms_at(snapshot.head.now)
    for envelope in envelopes:
        try:
            decided = _decide_one(snapshot, batch, envelope, terms, bounds.dues)
        except Exception as error:  # noqa: BLE001 - a poisoned command must fail alone
            decided = _failed(envelope.command, error)
        if decided is None:
            break
        batch.decided.append(decided)
        if batch.payload_bytes >= bounds.payload_bytes:
            break
        yield
    if batch.records:
        batch.totals = _totals(batch.records)
        batch.block = block_of(batch.records)
        batch.tree = grow(snapshot.head.tree, batch.block.hash)


def _decide_one(
    snapshot: Snapshot, batch: Batch, envelope: Envelope, terms: Terms, dues_max: int
) -> Decided | None:
    """What a command came to; None if more fell due before it than one batch records."""
    command = envelope.command
    wallet_id = command.wallet_id
    key = (wallet_id, envelope.caller, envelope.key_hash)
    remembered = snapshot.remembered.get(key)
    if remembered is not None:
        again = outcome_again(remembered, command)
        return Done(again, replayed=again is remembered.outcome)
    wallet = snapshot.wallets.get(wallet_id) or Wallet(wallet_id)
    work = _Work(snapshot, wallet)
    are_all_applied = work.apply_dues(dues_max)
    head = snapshot.head
    own_seq = head.seq + len(batch.records) + len(work.events) + 1
    if not (are_all_applied or isinstance(command, ApplyDues)):
        _commit(snapshot, batch, work, envelope, own_seq, b"")
        return None
    stamp = Stamp(head.now, head.shard, own_seq, envelope.fresh_id)
    decision = decide(work.state_for(command), command, terms, stamp)
    if not decision:
        if work.events:
            _commit(snapshot, batch, work, envelope, own_seq, b"")
        return Done(DuesApplied(len(work.events)))
    sent = wire.canonical(command, envelope.salt)
    outcome: Outcome
    if isinstance(decision, _WITHOUT_EVENT):
        outcome = decision
        verdict = wire.encode(decision)
        request = Request(wallet_id, envelope.caller, envelope.key_hash, None, sent, verdict)
    else:
        outcome = decision[0]
        for event in decision:
            work.apply(head.now, event)
        work.apply_dues(since=head.now)  # what the command itself brought due is part of it
        _commit(snapshot, batch, work, envelope, own_seq, sent)
        request = Request(wallet_id, envelope.caller, envelope.key_hash, own_seq, b"")
    batch.requests.append(request)
    snapshot.remembered[key] = Remembered(sent, envelope.salt, outcome)
    text = wire.reason_of(command)
    if text is not None:
        batch.texts.append(Text(*key, envelope.salt, text))
    return Done(outcome)


def _failed(command: Command, error: Exception) -> Failed:
    if isinstance(error, _DuesError):
        assert isinstance(error.__cause__, Exception), error
        return Failed(error.__cause__, dues=True)
    # Encoding events that fell due may raise too. ApplyDues records nothing else, so it was they.
    return Failed(error, dues=isinstance(command, ApplyDues))


def outcome_again(remembered: Remembered, command: Command) -> Outcome:
    """The outcome of a request whose key was used before.

    It is the remembered outcome if the command is the same, and else the refusal
    `idempotency-key-reused`, which names the first field that differs.
    """
    salt = remembered.salt
    if salt is not None and wire.canonical(command, salt) == remembered.command:
        return remembered.outcome
    field = wire.differing_field(remembered.command, command)
    if field is None and salt is not None:
        field = command.free_text
    if field is None:
        # Only free text can differ; once it was erased there is nothing to compare with.
        return remembered.outcome
    return rejected(Reason.IDEMPOTENCY_KEY_REUSED, field=field)


class _Work:
    """One command's work: events applied one by one, kept apart until the command succeeds."""

    __slots__ = ("documents", "events", "snapshot", "wallet")

    def __init__(self, snapshot: Snapshot, wallet: Wallet) -> None:
        self.snapshot, self.wallet = snapshot, wallet
        self.events: list[tuple[Instant, Event]] = []
        self.documents: dict[DocumentRef, Document] = {}

    def state_for(self, command: Command) -> State:
        wallet_id, loaded = self.wallet.wallet_id, self.snapshot.documents
        documents = {}
        for ref in refs_of(command):
            # A hold or order that fell due just before this command is newer than the loaded one.
            document = self.documents.get(ref) or loaded.get((wallet_id, *ref))
            if document is not None:
                documents[ref] = document
        return State(self.wallet, documents)

    def apply(self, occurred_at: Instant, event: Event) -> None:
        written = documents_after(self.wallet, event, occurred_at)
        if written:
            self.documents.update(written)
        self.wallet = evolve(self.wallet, event)
        self.events.append((occurred_at, event))

    def apply_dues(self, most: int = _NO_BOUND, since: Instant = 0) -> bool:
        """Apply so many of the events that have fallen due at most; whether these were all."""
        now = self.snapshot.head.now
        try:
            if next_due_at(self.wallet) > now:
                return True
            for instant, event in islice(dues(self.wallet, now, since), most):
                self.apply(instant, event)
            return next_due_at(self.wallet) > now
        except Exception as error:
            raise _DuesError from error


def dues(wallet: Wallet, until: Instant, since: Instant = 0) -> Iterator[tuple[Instant, Event]]:
    """The events that fall due up to `until`, each decided on the wallet after the one before.

    Value that came back to an expired lot falls due at the moment of its return, so an instant
    is never before the one before it, nor before `since`.
    """
    last = since
    agenda = Agenda(wallet, until)
    while (due := agenda.first(wallet)) is not None:
        instant, event = due
        last = max(last, instant)
        yield last, event
        wallet = evolve(wallet, event)
        agenda.note(wallet, event)


def _commit(
    snapshot: Snapshot,
    batch: Batch,
    work: _Work,
    envelope: Envelope,
    own_seq: int,
    sent: bytes,
) -> None:
    wallet_id = envelope.command.wallet_id
    head = snapshot.head
    next_seq = head.seq + len(batch.records) + 1
    # All records are made before the first effect: encoding one may still raise.
    records = [
        Record(
            shard=head.shard,
            seq=seq,
            wallet_id=wallet_id,
            tag=wire.tag_of(event),
            occurred_at=occurred_at,
            recorded_at=head.now,
            day=max(shanghai_day(occurred_at), head.closed_through + 1),
            caller=envelope.caller if seq == own_seq else "",
            key_hash=envelope.key_hash if seq == own_seq else b"",
            command=sent if seq == own_seq else b"",
            payload=wire.encode(event),
            legs=entry_for(event),
        )
        for seq, (occurred_at, event) in enumerate(work.events, next_seq)
    ]
    batch.records.extend(records)
    batch.payload_bytes += sum([len(record.payload) for record in records])
    snapshot.wallets[wallet_id] = batch.wallets[wallet_id] = work.wallet
    for _, event in work.events:
        if (charge := charge_of(event)) is not None:
            # No document of its own, but a later command of this batch may already name it.
            snapshot.documents[wallet_id, "charge", charge.charge_id] = charge
    for ref, document in work.documents.items():
        snapshot.documents[wallet_id, *ref] = batch.documents[wallet_id, *ref] = document


def _totals(records: Sequence[Record]) -> dict[tuple[int, int, int], tuple[int, int]]:
    """Debit and credit sums by (accounting day, account, currency)."""
    debits: dict[tuple[int, int, int], int] = {}
    credits_: dict[tuple[int, int, int], int] = {}
    for record in records:
        day = record.day
        for account, currency, amount in record.legs:
            key = (day, account, currency)
            if amount > 0:
                debits[key] = debits.get(key, 0) + amount
            else:
                credits_[key] = credits_.get(key, 0) - amount
    return {
        key: (debits.get(key, 0), credits_.get(key, 0))
        for key in dict.fromkeys(joined(debits, credits_))
    }
