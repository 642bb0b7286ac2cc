"""Sending: openings on their way into the ledger, a bounded number at a time, each one answered."""

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from time import monotonic
from typing import Final

from msgspec import Struct

from ledger.cli.failures import CommandError
from ledger.core import wire
from ledger.core.decider import Command
from ledger.core.flows.opening import ImportOpening, OpeningImported
from ledger.core.rejections import Rejection
from ledger.engine import CommandFailed, Unavailable
from ledger.engine.commit import Answered
from ledger.engine.lane import hash_key, shard_of
from ledger.service import Ledger
from ledger.store.openings import Opening, find_openings

CALLER: Final = "ledger:import"
"""Whom the log names for openings."""

CHUNK_ROWS: Final = 5_000
"""Rows sent at once: what becomes of a batch of wallets with a thousand lots each is bounded."""

CHUNKS: Final = 2
"""While one chunk is answered, another waits in the lanes."""

PATIENCE_S: Final = 60.0
"""For how long nothing at all may get through before an import gives up."""

_PAUSE_S: Final = 0.5

Request = tuple[str, Command]
Submit = Callable[[Sequence[Request]], Awaitable[list[Answered]]]
"""Answers requests of CALLER in their order: the ledger's own `submit_many`, or a rehearsal."""


class Answer(Struct, frozen=True):
    """What became of one wallet's opening.

    With an `event` it is in the books: `now`, or since an earlier import, which may have had
    `another_name`. Without, it was refused for a `reason`, by a `rejection` of the ledger or not.
    """

    wallet_id: str
    event: OpeningImported | None = None
    now: bool = False
    another_name: bool = False
    reason: str = ""
    rejection: Rejection | None = None


class Sender:
    """Sends openings under one name.

    A wallet that an import of another name gave just the same has it already. One that such an
    import gave something else is refused, so that nobody gets twice what was exported twice;
    unless this one is `additional`.
    """

    def __init__(self, ledger: Ledger, name: str, submit: Submit, *, additional: bool) -> None:
        self._ledger, self._name, self._submit = ledger, name, submit
        self._additional = additional

    async def stream(self, openings: Iterable[ImportOpening]) -> AsyncGenerator[list[Answer], None]:
        """The answers in the openings' order, a chunk at a time. Raises CommandError."""
        under_way: deque[asyncio.Task[list[Answer]]] = deque()
        try:
            for chunk in _chunks(openings):
                if len(under_way) == CHUNKS:
                    yield await under_way.popleft()
                under_way.append(asyncio.create_task(self._answers(chunk)))
            while under_way:
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _answers(self, chunk: Sequence[ImportOpening]) -> list[Answer]:
        answers: dict[str, Answer] = {}
        waiting = list(chunk)
        give_up_at = monotonic() + PATIENCE_S
        while True:
            answered, why = await self._answer_some(waiting)
            answers |= answered
            waiting = [one for one in waiting if one.wallet_id not in answers]
            if not waiting:
                return [answers[one.wallet_id] for one in chunk]
            if answered:
                give_up_at = monotonic() + PATIENCE_S
            if monotonic() > give_up_at:
                raise CommandError(
                    f"nothing got through for {PATIENCE_S:.0f} s ({why}): what was imported is "
                    "in the books; the same command goes on with the rest"
                )
            await asyncio.sleep(_PAUSE_S)

    async def _answer_some(self, waiting: Sequence[ImportOpening]) -> tuple[dict[str, Answer], str]:
        """Answers by wallet, and why the others have none yet."""
        try:
            answers = await self._known(waiting)
        except Unavailable as away:
            return {}, away.reason
        unknown = [one for one in waiting if one.wallet_id not in answers]
        why = ""
        submitted = await self._submit([(self._key(one), one) for one in unknown])
        for opening, answered in zip(unknown, submitted, strict=True):
            answer = _answer(opening.wallet_id, answered)
            if isinstance(answer, Answer):
                answers[opening.wallet_id] = answer
            else:
                why = answer
        return answers, why

    def _key(self, opening: ImportOpening) -> str:
        return f"import:{self._name}:{opening.wallet_id}"

    async def _known(self, openings: Sequence[ImportOpening]) -> dict[str, Answer]:
        """What earlier imports say of these wallets, by wallet."""
        if self._additional:
            return {}
        shards: dict[int, list[str]] = {}
        for one in openings:
            shard = shard_of(one.wallet_id, self._ledger.facts.shards)
            shards.setdefault(shard, []).append(one.wallet_id)
        found: dict[str, list[Opening]] = {}
        async with self._ledger.reading() as connection:
            for shard, wallet_ids in shards.items():
                found |= await find_openings(connection, shard, wallet_ids, CALLER)
        known = {
            opening.wallet_id: self._judge(opening, found[opening.wallet_id])
            for opening in openings
            if opening.wallet_id in found
        }
        return {wallet_id: answer for wallet_id, answer in known.items() if answer is not None}

    def _judge(self, opening: ImportOpening, found: Sequence[Opening]) -> Answer | None:
        """The answer that earlier imports give; None where the ledger has to."""
        own = hash_key(self._key(opening))
        command = wire.canonical(opening, b"")
        same = [one for one in found if one.command == command]
        if same:
            another_name = all(one.key_hash != own for one in same)
            return Answer(opening.wallet_id, same[0].event, another_name=another_name)
        if any(one.key_hash == own for one in found):
            return None
        return Answer(opening.wallet_id, reason="imported-before")


def _chunks(openings: Iterable[ImportOpening]) -> Iterator[list[ImportOpening]]:
    chunk: list[ImportOpening] = []
    rows = 0
    for opening in openings:
        chunk.append(opening)
        rows += 1 + len(opening.lots) + len(opening.claims)
        if rows >= CHUNK_ROWS:
            yield chunk
            chunk, rows = [], 0
    if chunk:
        yield chunk


def _answer(wallet_id: str, answered: Answered) -> Answer | str:
    """The wallet's answer; or why there is none, if it is worth asking again."""
    if isinstance(answered, Unavailable):
        if answered.reason != "wallet-quarantined":
            return answered.reason
        return Answer(wallet_id, reason=answered.reason)
    if isinstance(answered, CommandFailed):
        return Answer(wallet_id, reason=f"failed: {answered}")
    answer = answered.outcome
    if isinstance(answer, Rejection):
        return Answer(wallet_id, reason=answer.reason.value, rejection=answer)
    assert isinstance(answer, OpeningImported), answer
    return Answer(wallet_id, answer, now=not answered.replayed)
