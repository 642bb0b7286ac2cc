"""The names of things in the data folder, and how small files in it are written."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from ledger.embedded.errors import EmbeddedPostgresError


@dataclass(frozen=True)
class Layout:
    """The paths of one data folder; `data_dir` is absolute and without symbolic links."""

    data_dir: Path

    @property
    def lock(self) -> Path:
        """Locked by the one process that owns the folder; holds its pid and what it is."""
        return self.data_dir / "lock"

    @property
    def attached(self) -> Path:
        """Locked, shared, by every command that uses another command's Postgres."""
        return self.data_dir / "lock.attached"

    @property
    def pid_file(self) -> Path:
        """Holds the postmaster's pid while it runs."""
        return self.data_dir / "postgres.pid"

    @property
    def log(self) -> Path:
        """What the server writes to its standard error."""
        return self.data_dir / "postgres.log"

    @property
    def password(self) -> Path:
        """The password of the superuser over TCP."""
        return self.data_dir / "postgres.password"

    @property
    def location(self) -> Path:
        """Holds the path of the cluster if it had to be put elsewhere."""
        return self.data_dir / "postgres.location"

    @property
    def pgdata(self) -> Path:
        """The cluster: `postgres` in the data folder, or where `postgres.location` says."""
        try:
            place = Path(self.location.read_text().rstrip("\n"))
        except FileNotFoundError:
            return self.data_dir / "postgres"
        if not place.is_absolute() or not place.parent.is_dir():
            msg = (
                f"{self.location} says that the database of {self.data_dir} is in {place}, "
                "which does not exist. Bring that folder back, or, to begin with an empty "
                f"database, delete {self.location}."
            )
            raise EmbeddedPostgresError(msg)
        return place

    def create(self) -> None:
        """Make the data folder if it is missing; never change one that exists."""
        try:
            # As root, the server's own user has to pass through the folder, not to list it.
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if _is_root() else 0o700)
        except OSError as error:
            msg = (
                f"The data folder {self.data_dir} was to be made, but {error.strerror}. "
                "Set LEDGER_DATA_DIR to a folder that you may write to."
            )
            raise EmbeddedPostgresError(msg) from error

    def keep_password(self) -> str:
        """Return the password for TCP, made on first use."""
        try:
            kept = self.password.read_text().strip()
        except FileNotFoundError:
            kept = ""
        if not kept:
            kept = secrets.token_urlsafe(24)
            write_whole(self.password, kept + "\n", mode=0o600)
        return kept


def layout_of(data_dir: Path) -> Layout:
    """Return the layout of a data folder given in any spelling."""
    return Layout(Path(os.path.realpath(data_dir)))


def write_whole(path: Path, text: str, *, mode: int) -> None:
    """Write a small file so that a reader, also after a crash, sees all of it or none."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(fresh, flags, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)


def _is_root() -> bool:
    return os.geteuid() == 0
