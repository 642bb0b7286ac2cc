"""What a running server says about itself in the `postmaster.pid` of its cluster."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from ledger.embedded.process import belongs, is_alive


@dataclass(frozen=True)
class PostmasterFile:
    """The lines of the file that matter here; a server that is just starting has fewer."""

    pid: int
    port: str
    socket_dir: str
    status: str

    @property
    def is_ready(self) -> bool:
        """Whether the server accepts connections; pg_ctl relies on the same line."""
        return self.status == "ready"


def read_postmaster_file(cluster: Path) -> PostmasterFile | None:
    """Return the file's content, or None where there is none that makes sense."""
    try:
        # The path of the cluster is in there, in whatever encoding.
        lines = (cluster / "postmaster.pid").read_text(errors="surrogateescape").split("\n")
        pid = abs(int(lines[0]))
    except (OSError, ValueError):
        return None
    _pid, _data, _started, port, socket_dir, _listen, _memory, status = (*lines, *[""] * 8)[:8]
    return PostmasterFile(pid, port.strip(), socket_dir.strip(), status.strip())


def forget_recycled_pid(cluster: Path) -> None:
    """Remove the file if its pid now is somebody else's, for which Postgres would refuse to start.

    It stays where the pid is nobody's: Postgres then checks the shared memory named in it.
    """
    left = read_postmaster_file(cluster)
    if left is not None and is_alive(left.pid) and not belongs(left.pid, cluster):
        with contextlib.suppress(FileNotFoundError):
            (cluster / "postmaster.pid").unlink()
