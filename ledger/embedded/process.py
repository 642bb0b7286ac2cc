"""Start programs as somebody else, and find and end the server processes of one cluster."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

from ledger.embedded.errors import EmbeddedPostgresError

_LAUNCH = Path(__file__).with_name("launch.py")
# Whatever LC_*, PG* or TZ the caller has must change neither the cluster nor its messages.
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH")
_FIXED_VARIABLES = {"LC_ALL": "C", "TZ": "UTC"}
_SERVER_PROGRAMS = ("postgres", "initdb")
_KILLED_PATIENCE_S = 20.0
_POLL_S = 0.02
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Mode(Enum):
    """How Postgres runs, given who we are."""

    SELF = "self"
    """As the ordinary user that we are."""
    USER = "user"
    """We are root; it runs as another user of this system."""
    NAMESPACE = "namespace"
    """It is the same user as we, but looks like another one from inside a user namespace."""
    RELOCATED = "relocated"
    """We are root; it runs as another user, from copies in a folder which that user can reach."""


@dataclass(frozen=True)
class Identity:
    """Who Postgres is: to itself (`uid`, `gid`), and to the file system (`owner_…`)."""

    mode: Mode
    uid: int
    gid: int
    owner_uid: int
    owner_gid: int

    @property
    def launch_kind(self) -> str:
        """What `launch.py` has to do."""
        return str((Mode.USER if self.mode is Mode.RELOCATED else self.mode).value)


@contextlib.contextmanager
def interruptions_held() -> Iterator[None]:
    """Put off SIGINT and its like, so that a started process is always noted before they act."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def spawn(
    identity: Identity, command: Sequence[str | Path], *, output: IO[bytes], folder: str = "/"
) -> subprocess.Popen[bytes]:
    """Start a program as `identity`, in a session of its own, which dies with this thread.

    With this thread, not only with this process: so Linux defines the parent-death signal.
    The folder is one that everybody can be in, since the caller's own may be out of reach.
    """
    user = (identity.launch_kind, str(identity.uid), str(identity.gid))
    return subprocess.Popen(
        [sys.executable, "-I", "-S", _LAUNCH, str(os.getpid()), *user, folder, *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environment({}),
        start_new_session=True,
    )


def run(identity: Identity, command: Sequence[str | Path], *, folder: str = "/") -> tuple[int, str]:
    """Run a program as `identity` to its end; return its status and all that it said."""
    process = None
    with tempfile.TemporaryFile() as output:
        try:
            with interruptions_held():
                process = spawn(identity, command, output=output, folder=folder)
            status = process.wait()
        except BaseException:
            if process is not None:
                process.kill()
                process.wait()
            raise
        output.seek(0)
        return status, output.read().decode(errors="replace").strip()


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that our Postgres programs see."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, **_FIXED_VARIABLES, **extra}


def is_alive(pid: int) -> bool:
    """Tell whether any process has this pid, whoever it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def belongs(pid: int, cluster: Path) -> bool:
    """Tell whether this process is a Postgres server, or a part of one, on this cluster.

    Every process of a server sits in its data folder, and so does initdb, as we start it. The
    folder is compared as the kernel sees it, whatever its spelling; a pid in a file proves
    nothing, since pids are used again.
    """
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
        return program in _SERVER_PROGRAMS and Path(f"/proc/{pid}/cwd").samefile(cluster)
    except OSError:
        return False


def processes_of(cluster: Path) -> list[int]:
    """Return the pids of all server processes on this cluster, orphans included."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if belongs(pid, cluster)]


def signal_process(pid: int, cluster: Path, number: signal.Signals) -> None:
    """Send a signal to a process of this cluster, and to no other that got its pid meanwhile."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:
        # A kernel or sandbox without pidfds: the moment between look and signal stays open.
        if belongs(pid, cluster):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return
    try:
        if belongs(pid, cluster):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)


def kill_all(cluster: Path) -> list[int]:
    """Send SIGKILL to all processes of a cluster without a postmaster; return those it found.

    They hold its shared memory, so no new postmaster can start beside them. What they would
    still write is nothing that crash recovery needs.
    """
    pids = processes_of(cluster)
    for pid in pids:
        signal_process(pid, cluster, signal.SIGKILL)
        # In a container we may be the init process that inherits them.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return pids


def kill_until_gone(cluster: Path) -> None:
    """End orphans of a dead postmaster, and wait until the kernel has really let them go."""
    deadline = time.monotonic() + _KILLED_PATIENCE_S
    while killed := kill_all(cluster):
        if time.monotonic() > deadline:
            msg = (
                f"The Postgres processes {killed} of {cluster} were killed, but they do not end, "
                "as when a disk does not answer. See what they wait for, then start again."
            )
            raise EmbeddedPostgresError(msg)
        time.sleep(_POLL_S)
