"""A clock that stands still until it is told the time: the database's own, as services ask it."""

from typing import Any, Final

from ledger.core.instants import Instant, to_datetime
from tests.kit.desk import at

# Whoever says clock_timestamp() in such a database finds this one before the server's.
_INSTALL: Final = """
CREATE SCHEMA stopped;
CREATE TABLE stopped.clock (at timestamptz NOT NULL);
INSERT INTO stopped.clock VALUES ('2026-03-10T12:00:00+08:00');
CREATE FUNCTION stopped.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
AS 'SELECT at FROM stopped.clock';
GRANT USAGE ON SCHEMA stopped TO PUBLIC;
GRANT SELECT ON stopped.clock TO PUBLIC;
ALTER DATABASE {name} SET search_path = stopped, pg_catalog, public;
ALTER DATABASE {name} SET timezone = 'America/New_York';
"""


class StoppedClock:
    """The clock of one database, by which all connections live that are made after it stopped."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    async def stop(self) -> None:
        """Stop it at noon of 2026-03-10; the database also gets a time zone that is not ours."""
        name = await self._owner.fetchval("SELECT current_database()")
        await self._owner.execute(_INSTALL.format(name=name))

    async def set(self, shanghai: str) -> Instant:
        """Let it be a time in Shanghai, earlier or later than it was; the same as an instant."""
        instant = at(shanghai)
        await self.set_to(instant)
        return instant

    async def set_to(self, instant: Instant) -> None:
        """Let it be an instant."""
        await self._owner.execute("UPDATE stopped.clock SET at = $1", to_datetime(instant))
