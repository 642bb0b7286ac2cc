"""Acts: administrative calls are recorded before they run, so that none goes unrecorded."""

import asyncpg
import structlog

from ledger.engine.commit import Unavailable
from ledger.engine.reading import Reading
from ledger.store import audit_log
from ledger.store.audit_log import ActFilter, ActRow, NewAct

_log = structlog.get_logger()


class AuditLog:
    """The audit list of one ledger."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def begin(self, act: NewAct) -> int:
        """Record an act before it is done; returns its id.

        Raises Unavailable, and then the act must not be done.
        """
        try:
            async with self._reading() as connection:
                return await audit_log.begin_act(connection, act)
        except asyncpg.PostgresError as error:
            # Whatever it is that keeps it from being written: nothing is done unseen.
            _log.exception("act_not_written", operation=act.operation, actor=act.actor)
            raise Unavailable("database-unavailable") from error

    async def conclude(self, act_id: int, outcome: int) -> None:
        """Record the HTTP status that an act was answered with.

        Where the database is away it stays without one, which says that nobody knows.
        """
        try:
            async with self._reading() as connection:
                await audit_log.conclude_act(connection, act_id, outcome)
        except Unavailable as away:
            _log.warning("act_not_concluded", act_id=act_id, outcome=outcome, error=away.reason)

    async def list(self, wanted: ActFilter, limit: int, before: int | None = None) -> list[ActRow]:
        """Acts, newest first, those before an id if one is given. Raises Unavailable."""
        async with self._reading() as connection:
            return await audit_log.list_acts(connection, wanted, limit, before)
