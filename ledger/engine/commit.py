"""One batch: lock, cut, load, decide, append, commit; and again where the outcome is unknown."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Final, Literal

import asyncpg
import structlog

from ledger.core.batch import Done, Envelope, Outcome, decide_batch
from ledger.core.instants import Instant
from ledger.core.terms import Terms
from ledger.engine import metrics
from ledger.store import journal
from ledger.store.pool import Connection, Pool, PooledConnection, is_outage

_log = structlog.get_logger()

Away = Literal["busy", "database-unavailable", "outcome-unknown", "shutting-down"]
"""Why there is no answer now. The same request under the same key is always safe to send again."""

PATIENCE_S: Final = 8.0
"""How long a batch is run again before its callers are told to come back."""

QUICK_S: Final = 0.1
"""The pause after which a database that is away is said to be."""

_CONFLICTS: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InvalidCachedStatementError,
)
"""Nothing was committed, and another run may well succeed."""


class Unavailable(Exception):  # noqa: N818 - a state of the service, as the caller is told it
    """No answer now: busy, the database away, or an unknown outcome. Safe to send again."""

    def __init__(self, reason: Away, retry_after_s: int = 1) -> None:
        super().__init__(reason)
        self.reason: Away = reason
        self.retry_after_s = retry_after_s


class CommandFailed(Exception):  # noqa: N818 - the command did
    """A bug: deciding or appending this command raised. Nothing of it was written."""


Answered = Done | Unavailable | CommandFailed


class _UnknownOutcome(Exception):  # noqa: N818
    """COMMIT was sent and its outcome never heard."""


class Committer:
    """Runs batches of one shard against the database."""

    def __init__(self, pool: Pool, shard: int, terms_at: Callable[[Instant], Terms]) -> None:
        self._pool, self._shard, self._terms_at = pool, shard, terms_at
        self._connection: PooledConnection | None = None
        self._events = metrics.EVENTS.labels(shard)
        self._again = metrics.BATCHES_AGAIN.labels(shard)
        self._failed = metrics.COMMANDS_FAILED.labels(shard)

    async def run(self, cut: Callable[[], Sequence[Envelope]]) -> list[Answered]:
        """Answer every command that `cut` yields; it is called once, after the lock is won.

        Never raises for what happens to the database: callers are answered Unavailable.
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
        except Exception as error:  # noqa: BLE001 - one bad command must not fail its neighbours
            return await self._alone(cut_once(), error)
        return [self._answered(outcome) for outcome in outcomes]

    def _answered(self, outcome: Outcome) -> Answered:
        if isinstance(outcome, Done):
            return outcome
        return self._bug(outcome.error)

    def _bug(self, error: Exception) -> CommandFailed:
        self._failed.inc()
        _log.error("command_failed", shard=self._shard, exc_info=error)
        return CommandFailed(type(error).__name__)

    async def _alone(self, envelopes: Sequence[Envelope], error: Exception) -> list[Answered]:
        """The database refused the batch as a whole: find whose fault it is, one by one."""
        if len(envelopes) == 1:
            return [self._bug(error)]
        _log.warning("batch_refused", shard=self._shard, error=repr(error), size=len(envelopes))
        answers: list[Answered] = []
        for envelope in envelopes:
            answers += await self.run(lambda one=envelope: [one])  # type: ignore[misc]
        return answers

    async def _run_again(self, cut: Callable[[], Sequence[Envelope]]) -> list[Outcome]:
        give_up_at = monotonic() + PATIENCE_S
        pause_s = 0.01
        unknown = False
        while True:
            try:
                return await self._run_once(cut)
            except Exception as error:
                # What an unknown COMMIT did commit answers as a replay; the rest is done now.
                unknown = unknown or isinstance(error, _UnknownOutcome)
                why: Away = "outcome-unknown" if unknown else _why(error)
                # Where nothing is in doubt, a quick answer beats a long wait for a database.
                away = why == "database-unavailable" and pause_s > QUICK_S
                if away or monotonic() + pause_s > give_up_at:
                    raise Unavailable(why) from error
                _log.info("batch_again", shard=self._shard, why=why, error=repr(error))
            self._again.inc()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 0.5)

    async def _run_once(self, cut: Callable[[], Sequence[Envelope]]) -> list[Outcome]:
        # One connection is kept from batch to batch: fetching it each time costs a tenth of one.
        connection = self._connection or await self._pool.acquire()
        self._connection = None
        try:
            outcomes = await self._batch(connection, cut)
        except BaseException:
            # Whatever state it is in, nobody may inherit it; this also ends the transaction.
            connection.terminate()
            await self._pool.release(connection)
            raise
        self._connection = connection
        return outcomes

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._pool.release(connection)

    async def _batch(
        self, connection: Connection, cut: Callable[[], Sequence[Envelope]]
    ) -> list[Outcome]:
        await journal.lock_shard(connection, self._shard)
        envelopes = cut()
        wanted = journal.nothing_wanted()
        for envelope in envelopes:
            command = envelope.command
            key = (command.wallet_id, envelope.caller, envelope.key_hash)
            journal.want_command(wanted, key, command)
        snapshot = await journal.load(connection, self._shard, wanted)
        batch = decide_batch(snapshot, envelopes, self._terms_at)
        if not batch.requests:
            await connection.execute("ROLLBACK")
            return batch.outcomes
        await journal.append(connection, snapshot.head, batch)
        await _commit(connection)
        self._events.inc(len(batch.records))
        return batch.outcomes


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
