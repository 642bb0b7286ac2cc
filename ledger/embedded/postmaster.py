"""One server process, which is our child: started, asked whether it is ready, and ended."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from ledger.embedded.postmaster_file import (
    PostmasterFile,
    forget_recycled_pid,
    read_postmaster_file,
)
from ledger.embedded.process import (
    Identity,
    belongs,
    interruptions_held,
    kill_until_gone,
    signal_process,
    spawn,
)

_log = structlog.get_logger(__name__)

# Fast shutdown writes a checkpoint; immediate shutdown gives up on stuck backends after 5 s.
_PATIENCE = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 6.0))
_POLL_S = 0.02
_LOG_MAX_BYTES = 16 * 1024 * 1024
_TAIL_BYTES = 4_000


class Postmaster:
    """The postmaster of one cluster, again and again a new process."""

    def __init__(self, identity: Identity, cluster: Path, log: Path) -> None:
        """Note whose it is; nothing is started yet."""
        self._identity = identity
        self._cluster = cluster
        self._log = log
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the living process."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    @property
    def exit_status(self) -> int | None:
        """How the last process ended, or None while it lives."""
        return None if self._process is None else self._process.poll()

    def spawn(self, command: Sequence[str | Path]) -> None:
        """Start the process and return at once."""
        forget_recycled_pid(self._cluster)
        if self._log.is_file() and self._log.stat().st_size > _LOG_MAX_BYTES:
            self._log.rename(self._log.with_name(f"{self._log.name}.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        with os.fdopen(os.open(self._log, flags, 0o600), "ab") as output, interruptions_held():
            self._log_start = os.fstat(output.fileno()).st_size
            self._process = spawn(self._identity, command, output=output)

    def is_ready(self) -> bool:
        """Tell whether this very process accepts connections."""
        known = read_postmaster_file(self._cluster)
        return known is not None and known.pid == self.pid and known.is_ready

    def last_words(self) -> str:
        """Return the end of what this process has logged."""
        with self._log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, end - _TAIL_BYTES))
            return file.read().decode(errors="replace").strip()

    def end(self) -> None:
        """Shut it down, less and less gently; nothing of the cluster is running afterwards."""
        process = self._process
        if process is None:
            return
        try:
            for number, patience_s in _PATIENCE:
                process.send_signal(number)
                try:
                    process.wait(patience_s)
                    break
                except subprocess.TimeoutExpired:
                    _log.warning("postgres.slow_to_end", pid=process.pid, signal=number.name)
        finally:
            # Also when a second interruption cuts the wait short.
            self.kill()

    def kill(self) -> None:
        """End it and every process of the cluster at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        kill_until_gone(self._cluster)


def end_left_over(cluster: Path) -> PostmasterFile | None:
    """End a server that a killed service left on this cluster; return what it said of itself.

    It is shutting down by its parent-death signal; one that does not is helped.
    """
    left = read_postmaster_file(cluster)
    if left is None:
        kill_until_gone(cluster)
        return None
    for number, patience_s in _PATIENCE:
        if not belongs(left.pid, cluster):
            break
        _log.info("postgres.ending_left_over", pid=left.pid, signal=number.name)
        signal_process(left.pid, cluster, number)
        deadline = time.monotonic() + patience_s
        while belongs(left.pid, cluster) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    kill_until_gone(cluster)
    return left
