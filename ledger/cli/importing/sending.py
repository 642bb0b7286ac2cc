"""Sends openings to the ledger, a bounded number at a time, until each has its result."""

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

from ledger.cli.command_error import CommandError
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


class OpeningResult(Struct, frozen=True):
    """What became of one wallet's opening.

    With an `event` it is in the books: `imported_now`, or since an earlier import, which may have
    had `another_name`. Without, it was refused for a `reason`; `rejection` is the ledger's own, if
    one of its rules was the reason.
    """

    wallet_id: str
    event: OpeningImported | None = None
    imported_now: bool = False
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

    async def stream(
        self, openings: Iterable[ImportOpening]
    ) -> AsyncGenerator[list[OpeningResult], None]:
        """The results in the openings' order, a chunk at a time.

        Raises CommandError when nothing at all got through for PATIENCE_S.
        """
        under_way: deque[asyncio.Task[list[OpeningResult]]] = deque()
        try:
            for chunk in _chunks(openings):
                if len(under_way) == CHUNKS:
                    yield await under_way.popleft()
                under_way.append(asyncio.create_task(self._results_of(chunk)))
            while under_way:
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _results_of(self, chunk: Sequence[ImportOpening]) -> list[OpeningResult]:
        results: dict[str, OpeningResult] = {}
        waiting = list(chunk)
        give_up_at = monotonic() + PATIENCE_S
        while True:
            answered, why = await self._submit_some(waiting)
            results |= answered
            waiting = [opening for opening in waiting if opening.wallet_id not in results]
            if not waiting:
                return [results[opening.wallet_id] for opening in chunk]
            if answered:
                give_up_at = monotonic() + PATIENCE_S
            if monotonic() > give_up_at:
                raise CommandError(
                    f"nothing got through for {PATIENCE_S:.0f} s ({why}): what was imported is "
                    "in the books; the same command goes on with the rest"
                )
            await asyncio.sleep(_PAUSE_S)

    async def _submit_some(
        self, waiting: Sequence[ImportOpening]
    ) -> tuple[dict[str, OpeningResult], str]:
        """The results there are now by wallet id, and why the other wallets have none yet."""
        try:
            results = await self._known(waiting)
        except Unavailable as unavailable:
            return {}, unavailable.reason
        unknown = [opening for opening in waiting if opening.wallet_id not in results]
        why = ""
        submitted = await self._submit([(self._key(opening), opening) for opening in unknown])
        for opening, answered in zip(unknown, submitted, strict=True):
            result = _result_of(opening.wallet_id, answered)
            if isinstance(result, OpeningResult):
                results[opening.wallet_id] = result
            else:
                why = result
        return results, why

    def _key(self, opening: ImportOpening) -> str:
        return f"import:{self._name}:{opening.wallet_id}"

    async def _known(self, openings: Sequence[ImportOpening]) -> dict[str, OpeningResult]:
        """The results that wallets have by earlier imports, by wallet id."""
        if self._additional:
            return {}
        shards: dict[int, list[str]] = {}
        for opening in openings:
            shard = shard_of(opening.wallet_id, self._ledger.facts.shards)
            shards.setdefault(shard, []).append(opening.wallet_id)
        earlier: dict[str, list[Opening]] = {}
        async with self._ledger.reading() as connection:
            for shard, wallet_ids in shards.items():
                earlier |= await find_openings(connection, shard, wallet_ids, CALLER)
        known = {
            opening.wallet_id: self._earlier_result(opening, earlier[opening.wallet_id])
            for opening in openings
            if opening.wallet_id in earlier
        }
        return {wallet_id: result for wallet_id, result in known.items() if result is not None}

    def _earlier_result(
        self, opening: ImportOpening, earlier: Sequence[Opening]
    ) -> OpeningResult | None:
        """The result that the wallet has by earlier imports; None where it must be submitted."""
        own = hash_key(self._key(opening))
        command = wire.canonical(opening, b"")
        same = [imported for imported in earlier if imported.command == command]
        if same:
            another_name = all(imported.key_hash != own for imported in same)
            return OpeningResult(opening.wallet_id, same[0].event, another_name=another_name)
        if any(imported.key_hash == own for imported in earlier):
            return None
        return OpeningResult(opening.wallet_id, reason="imported-before")


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


def _result_of(wallet_id: str, answered: Answered) -> OpeningResult | str:
    """The wallet's result; or the reason for which it has to be submitted again."""
    if isinstance(answered, Unavailable):
        if answered.reason != "wallet-quarantined":
            return answered.reason
        return OpeningResult(wallet_id, reason=answered.reason)
    if isinstance(answered, CommandFailed):
        return OpeningResult(wallet_id, reason=f"failed: {answered}")
    outcome = answered.outcome
    if isinstance(outcome, Rejection):
        return OpeningResult(wallet_id, reason=outcome.reason.value, rejection=outcome)
    assert isinstance(outcome, OpeningImported), outcome
    return OpeningResult(wallet_id, outcome, imported_now=not answered.replayed)
