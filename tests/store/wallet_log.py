"""A wallet's log, written quickly and read naively, to judge history by."""

import random
from collections.abc import Iterable
from typing import Any

from ledger.catalog import load_catalogue
from ledger.core import wire
from ledger.core.batch import Done, decide_batch, dues
from ledger.core.decider import Event, evolve
from ledger.core.flows.debit import Debit
from ledger.core.flows.due import next_due_at
from ledger.core.flows.grant import Grant
from ledger.core.instants import DAY_US, Instant
from ledger.core.wallet import Wallet
from ledger.engine.lane import envelope_for, shard_of
from ledger.service import Ledger
from ledger.store import journal
from ledger.store.pool import Connection
from tests.kit.currencies import INSPIRATION

FUNDS = 10**9


async def fund(ledger: Ledger, wallet_id: str = "w", expires_at: Instant | None = None) -> None:
    """Give a wallet promotional points."""
    grant = Grant(wallet_id, INSPIRATION, FUNDS, "promotional", "for a test", expires_at)
    await ledger.submit("test", f"fund {wallet_id} {expires_at}", grant)


async def debit(ledger: Ledger, count: int, name: str, wallet_id: str = "w") -> None:
    """Charge a wallet so many times, in as few batches as there may be."""
    commands = [(f"{name}{i}", Debit(wallet_id, INSPIRATION, 1)) for i in range(count)]
    answers = await ledger.submit_many("test", commands)
    assert all(isinstance(answer, Done) for answer in answers)


class BatchUnderWay:
    """A batch that has read its clock and appended, and has not committed yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(self, wallet_id: str, count: int = 1) -> Instant:
        """Charge a wallet so many times; the instant at which that is being recorded."""
        shard = shard_of(wallet_id, 2)
        envelopes = [
            envelope_for("batch", f"{number}", Debit(wallet_id, INSPIRATION, 1))
            for number in range(count)
        ]
        await journal.lock_shard(self._connection, shard)
        wanted = journal.nothing_wanted()
        for envelope in envelopes:
            key = (wallet_id, envelope.caller, envelope.key_hash)
            journal.want_command(wanted, key, envelope.command)
        snapshot = await journal.load(self._connection, shard, wanted)
        batch = decide_batch(snapshot, envelopes, load_catalogue().at)
        await journal.append(self._connection, snapshot, batch)
        return snapshot.head.now

    async def commit(self) -> None:
        """Let it be."""
        await self._connection.execute("COMMIT")


class Log:
    """All that was recorded of a wallet, read naively, and folded from its beginning."""

    def __init__(self, wallet_id: str, rows: Iterable[Any]) -> None:
        self.wallet_id = wallet_id
        self.events: list[tuple[int, Instant, Event]] = [
            (row["seq"], row["recorded_us"], wire.decode_event(row["payload"])) for row in rows
        ]

    def up_to(self, seq: int) -> "Log":
        """The part of it that ends with a seq."""
        part = Log(self.wallet_id, ())
        part.events = [event for event in self.events if event[0] <= seq]
        return part

    def at(self, instants: Iterable[Instant]) -> Iterable[tuple[Instant, Wallet, int]]:
        """The wallet and its last seq at each of these instants, which come in their order."""
        wallet, seq, rest = Wallet(self.wallet_id), 0, iter(self.events)
        following = next(rest, None)
        for instant in instants:
            while following is not None and following[1] <= instant:
                wallet, seq = evolve(wallet, following[2]), following[0]
                following = next(rest, None)
            seen = wallet
            for _, event in dues(wallet, instant):
                seen = evolve(seen, event)
            yield instant, seen, seq

    def interesting(self, until: Instant, count: int, seed: int) -> list[Instant]:
        """Random instants up to one, those of records with their neighbours, and those of dues."""
        dice = random.Random(seed)
        recorded = sorted({at for _, at, _ in self.events})
        drawn = dice.sample(recorded, min(count, len(recorded)))
        some = {at + near for at in drawn for near in (-1, 0, 1)}
        some |= {dice.randint(recorded[0] - DAY_US, until) for _ in range(count)}
        for _, wallet, _ in list(self.at(recorded)):
            due = next_due_at(wallet)
            some |= {due - 1, due, due + 1}
        return sorted(at for at in some if at <= until)


async def log_of(owner: Any, wallet_id: str) -> Log:
    """Everything recorded of a wallet."""
    rows = await owner.fetch(
        "SELECT seq, payload, (extract(EPOCH FROM recorded_at) * 1000000)::bigint AS recorded_us"
        " FROM events WHERE wallet = $1 ORDER BY seq",
        wallet_id,
    )
    return Log(wallet_id, rows)
