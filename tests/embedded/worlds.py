"""What the tests see of a Postgres from outside: its answers, its processes, other processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.embedded import bin_dir

QUICK = {"fsync": "off", "shared_buffers": "16MB", "max_wal_size": "64MB"}
_PLAYER = Path(__file__).with_name("player.py")
_ROOT = Path(__file__).parents[2]


def ask(url: str, sql: str, **variables: str) -> str:
    """Answer of psql, rows on lines."""
    done = subprocess.run(
        [bin_dir() / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, url],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def servers_in(folder: Path) -> dict[int, Path]:
    """Pid and working folder of every Postgres process at or below a folder, found by /proc."""
    servers = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "exe").readlink().name == "postgres":
                place = (entry / "cwd").readlink()
                if place.is_relative_to(folder):
                    servers[int(entry.name)] = place
    return servers


@contextmanager
def player(role: str, data_dir: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, see player.py; killed at the end if it still lives."""
    process = subprocess.Popen(
        [sys.executable, _PLAYER, role, data_dir, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str], start: str) -> str:
    """Rest of the next line of its output that begins so."""
    assert process.stdout is not None
    for text in process.stdout:
        if text.startswith(start):
            return text.removeprefix(start).strip()
    msg = f"the process ended before it said {start!r}"
    raise AssertionError(msg)


def kill_everything(pids: list[int]) -> None:
    """SIGKILL to all, those already gone included."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
