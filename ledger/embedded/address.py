"""Where a running server can be reached."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Address:
    """The socket of one server; it stays the same while its owner lives."""

    socket_dir: str
    port: str

    def url(self, user: str, database: str = "ledger") -> str:
        """Return a URL for asyncpg, psql and pgbench. No password: the socket trusts its owner."""
        host = quote(self.socket_dir, safe="/")
        return (
            f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}"
            f"?host={host}&port={self.port}"
        )
