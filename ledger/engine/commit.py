"""One batch: lock, cut, load, decide, append, commit; and again where the outcome is unknown."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, Final, Literal, TypeVar

import asyncpg
import structlog

from ledger.core.batch import (
    Batch,
    Bounds,
    Decided,
    Done,
    Envelope,
    Failed,
    Snapshot,
    deciding,
)
from ledger.core.flows.due import ApplyDues
from ledger.core.instants import Instant
from ledger.core.terms import Terms
from ledger.engine import metrics
from ledger.store import journal, quarantine
from ledger.store.breath import breathing
from ledger.store.pool import Connection, Pool, PooledConnection, is_outage

_log = structlog.get_logger()

T = TypeVar("T")

Away = Literal[
    "busy", "database-unavailable", "outcome-unknown", "shutting-down", "wallet-quarantined"
]
"""Why there is no answer now. The same request under the same key is always safe to send again."""

COMMANDS_MAX: Final = 1_000
"""How many commands one batch has at most."""

BOUNDS: Final = Bounds(dues=250, payload_bytes=2 * 1024 * 1024)
"""A batch ends with the command that reaches one of them: some 100 ms of work on both sides."""

PATIENCE_S: Final = 8.0
"""For how many seconds a batch is retried before its callers are answered Unavailable."""

QUICK_S: Final = 0.1
"""The pause in seconds, growing from try to try, beyond which an outage is reported at once."""

QUARANTINED_S: Final = 60
"""When a caller may ask again for a wallet whose dues raise: people must look at it first."""

QUARANTINE_WRITE_S: Final = 2.0
"""How long writing who is in quarantine may hold up the next batch."""

_CONFLICTS: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InvalidCachedStatementError,
)
"""Nothing was committed, and another run may well succeed."""


_TIMEOUTS: Final = (
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.QueryCanceledError,
)
"""The server ended a statement or a transaction for the time it took."""


class Unavailable(Exception):  # noqa: N818 - a state of the service, as callers see it
    """No answer now: busy, the database away, an unknown outcome, or a wallet in quarantine.

    Safe to send again.
    """

    def __init__(self, reason: Away, retry_after_s: int = 1) -> None:
        super().__init__(reason)
        self.reason: Away = reason
        self.retry_after_s = retry_after_s


class CommandFailed(Exception):  # noqa: N818 - the command did
    """A bug: deciding or appending this command raised. Nothing of it was written."""


Answered = Done | Unavailable | CommandFailed


class _UnknownOutcome(Exception):  # noqa: N818
    """COMMIT was sent, but the connection broke before its outcome arrived."""


class _TookTooLongError(Exception):
    """The database ended a batch of several commands for the time it took; nothing was done."""


class Committer:
    """Runs batches of one shard against the database, of `commands_max` commands for now.

    `quarantine_changes` are the wallets that the batches since the last `write_quarantine` found in
    trouble, each with what its dues raised; None says that a wallet known to be in quarantine is
    well again. Who is known to be, by shard, is `quarantined`: others who read the table may write
    it as well.
    """

    def __init__(
        self,
        pool: Pool,
        shard: int,
        terms_at: Callable[[Instant], Terms],
        quarantined: dict[int, set[str]] | None = None,
    ) -> None:
        self._pool, self._shard, self._terms_at = pool, shard, terms_at
        self._quarantined = {} if quarantined is None else quarantined
        self.quarantine_changes: dict[str, str | None] = {}
        self.commands_max = COMMANDS_MAX
        self._connection: PooledConnection | None = None
        self._events = metrics.EVENTS.labels(shard)
        self._again = metrics.BATCHES_AGAIN.labels(shard)
        self._failed = metrics.COMMANDS_FAILED.labels(shard)

    async def run(self, cut: Callable[[], Sequence[Envelope]]) -> list[Answered]:
        """Answer commands that `cut` yields; it is called once, after the lock is won.

        These are the first of them, perhaps not all: the others go into the next batch, and may be
        none only where something fell due first. Never raises for what happens to the database:
        callers are answered Unavailable.
        """
        envelopes: Sequence[Envelope] | None = None

        def cut_once() -> Sequence[Envelope]:
            nonlocal envelopes
            if envelopes is None:
                envelopes = cut()
            return envelopes

        try:
            outcomes = await self._run_again(cut_once)
        except Unavailable as away:
            return [away] * len(cut_once())
        except _TookTooLongError:
            # Perhaps it is one command: fewer at a time, until it is found or all are done.
            self.commands_max = max(len(cut_once()) // 2, 1)
            return []
        except Exception as error:  # noqa: BLE001 - one bad command must not fail its neighbours
            return await self._alone(cut_once(), error)
        self.commands_max = min(self.commands_max * 2, COMMANDS_MAX)
        decided = cut_once()[: len(outcomes)]
        if known := self._quarantined.get(self._shard):
            self._note_recovered(decided, outcomes, known)
        return [
            outcome if isinstance(outcome, Done) else self._failure(envelope, outcome)
            for envelope, outcome in zip(decided, outcomes, strict=True)
        ]

    def _note_recovered(
        self, envelopes: Sequence[Envelope], outcomes: Sequence[Decided], known: set[str]
    ) -> None:
        for envelope, outcome in zip(envelopes, outcomes, strict=True):
            wallet_id = envelope.command.wallet_id
            # A replay reads no wallet. A refusal was decided after the dues were applied.
            if isinstance(outcome, Done) and not outcome.replayed and wallet_id in known:
                self.quarantine_changes[wallet_id] = None

    def _failure(self, envelope: Envelope, failed: Failed) -> Answered:
        if not failed.dues:
            return self._bug(failed.error)
        self._failed.inc()
        wallet_id = envelope.command.wallet_id
        self.quarantine_changes[wallet_id] = repr(failed.error)
        _log.error("wallet_quarantined", shard=self._shard, wallet=wallet_id, exc_info=failed.error)
        return Unavailable("wallet-quarantined", QUARANTINED_S)

    def _bug(self, error: Exception) -> CommandFailed:
        self._failed.inc()
        _log.error("command_failed", shard=self._shard, exc_info=error)
        return CommandFailed(type(error).__name__)

    async def _alone(self, envelopes: Sequence[Envelope], error: Exception) -> list[Answered]:
        """Run each command by itself: the database refused the batch for one of them."""
        if len(envelopes) == 1:
            # ApplyDues is nobody's request, so where it fails the wallet itself is at fault.
            failed = Failed(error, dues=isinstance(envelopes[0].command, ApplyDues))
            return [self._failure(envelopes[0], failed)]
        _log.warning("batch_refused", shard=self._shard, error=repr(error), size=len(envelopes))
        answers: list[Answered] = []
        for envelope in envelopes:
            while not (answer := await self.run(lambda single=envelope: [single])):  # type: ignore[misc]
                pass
            answers += answer
        return answers

    async def _run_again(self, cut: Callable[[], Sequence[Envelope]]) -> list[Decided]:
        give_up_at = monotonic() + PATIENCE_S
        pause_s = 0.01
        unknown = False
        while True:
            try:
                return await self._run_once(cut)
            except Exception as error:
                # Commands that a COMMIT of unknown outcome did commit are answered as replays.
                unknown = unknown or isinstance(error, _UnknownOutcome)
                if isinstance(error, _TIMEOUTS) and not unknown and len(cut()) > 1:
                    _log.warning("batch_took_too_long", shard=self._shard, size=len(cut()))
                    raise _TookTooLongError from error
                why: Away = "outcome-unknown" if unknown else _why(error)
                # Where nothing is in doubt, a quick answer beats a long wait for a database.
                away = why == "database-unavailable" and pause_s > QUICK_S
                if away or monotonic() + pause_s > give_up_at:
                    raise Unavailable(why) from error
                _log.info("batch_again", shard=self._shard, why=why, error=repr(error))
            self._again.inc()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 0.5)

    async def _run_once(self, cut: Callable[[], Sequence[Envelope]]) -> list[Decided]:
        return await self._connected(lambda connection: self._batch(connection, cut))

    async def _connected(self, work: Callable[[PooledConnection], Awaitable[T]]) -> T:
        # One connection is kept from batch to batch: acquiring it anew would add a tenth to each.
        connection = self._connection or await self._pool.acquire()
        self._connection = None
        try:
            result = await work(connection)
        except BaseException:
            # Its state is unknown, so it is never used again; this also ends the transaction.
            connection.terminate()
            await self._pool.release(connection)
            raise
        self._connection = connection
        return result

    async def write_quarantine(self) -> None:
        """Write which wallets are in quarantine now and which no longer. Never raises.

        What cannot be written is found again by whoever next comes to the wallet.
        """
        changes, self.quarantine_changes = self.quarantine_changes, {}
        errors = {wallet_id: error for wallet_id, error in changes.items() if error is not None}
        well = [wallet_id for wallet_id, error in changes.items() if error is None]

        async def write(connection: Connection) -> None:
            if errors:
                await quarantine.quarantine(connection, self._shard, errors)
            if well:
                await quarantine.release(connection, self._shard, well)
                _log.info("wallets_released", shard=self._shard, wallets=well)

        try:
            async with asyncio.timeout(QUARANTINE_WRITE_S):
                await self._connected(write)
            known = self._quarantined.setdefault(self._shard, set())
            known.update(errors)
            known.difference_update(well)
        except Exception as error:  # noqa: BLE001 - the lane goes on whatever it is
            _log.warning("quarantine_not_written", shard=self._shard, error=repr(error))

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._pool.release(connection)

    async def _batch(
        self, connection: Connection, cut: Callable[[], Sequence[Envelope]]
    ) -> list[Decided]:
        await journal.lock_shard(connection, self._shard)
        envelopes = cut()
        wanted = journal.nothing_wanted()
        for envelope in envelopes:
            command = envelope.command
            key = (command.wallet_id, envelope.caller, envelope.key_hash)
            journal.want_command(wanted, key, command)
        snapshot = await journal.load(connection, self._shard, wanted)
        batch = await self._decided(snapshot, envelopes)
        if not (batch.requests or batch.records):
            await connection.execute("ROLLBACK")
            return batch.decided
        await journal.append(connection, snapshot, batch)
        await _commit(connection)
        self._events.inc(len(batch.records))
        return batch.decided

    async def _decided(self, snapshot: Snapshot, envelopes: Sequence[Envelope]) -> Batch:
        batch = Batch([], [], [], [], {}, {}, {})
        async for _ in breathing(deciding(batch, snapshot, envelopes, self._terms_at, BOUNDS)):
            pass
        return batch


async def _commit(connection: Connection) -> None:
    """COMMIT, never cancelled. A lost connection or a warning leaves the outcome unknown."""
    warnings: list[Any] = []

    def on_message(_: object, message: Any) -> None:  # noqa: ANN401 - asyncpg's own type
        warnings.append(message)

    connection.add_log_listener(on_message)
    try:
        status = await connection.execute("COMMIT")
    except Exception as error:
        raise _UnknownOutcome(repr(error)) from error
    finally:
        if not connection.is_closed():
            connection.remove_log_listener(on_message)
    if status != "COMMIT" or warnings:
        raise _UnknownOutcome(f"{status} {warnings}")


def _why(error: Exception) -> Away:
    """Why a batch could not run; a bug is raised on."""
    if isinstance(error, _CONFLICTS):
        return "busy"
    if is_outage(error):
        return "database-unavailable"
    raise error
