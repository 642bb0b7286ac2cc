"""The processes of a bench: a real `ledger serve`, its load generator, and what /proc tells."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec import Struct

from ledger.cli.bench.jobs import Job, Result
from ledger.cli.failures import CommandError

READY_PATIENCE_S: Final = 60.0
STOP_PATIENCE_S: Final = 30.0
_PR_SET_PDEATHSIG: Final = 1
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class Usage(Struct, frozen=True):
    """What a process has used so far: CPU seconds, and memory in MB (resident, and its peak)."""

    cpu_s: float
    memory_mb: float
    peak_mb: float


def usage_of(pid: int) -> Usage:
    """Read it from /proc."""
    # The command's name stands in parentheses and may hold anything.
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    sizes = dict(line.split(":", 1) for line in status.splitlines() if line.startswith("Vm"))
    resident, peak = (int(sizes[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return Usage((int(times[11]) + int(times[12])) / _TICKS_PER_S, resident, peak)


class Service:
    """A `ledger serve` under load."""

    def __init__(self, process: subprocess.Popen[bytes], ports: tuple[int, int], key: str) -> None:
        (self.port, self.grpc_port), self.key = ports, key
        self.worker_pid = _worker_of(process.pid)

    def usage(self) -> Usage:
        """What its worker has used so far."""
        return usage_of(self.worker_pid)


@contextmanager
def serving(environment: Mapping[str, str], folder: Path) -> Iterator[Service]:
    """A development service on the database of the environment, ended afterwards."""
    port, grpc_port, log = _free_port(), _free_port(), folder / "serve.log"
    own = {
        "LEDGER_HTTP_PORT": str(port),
        "LEDGER_GRPC_PORT": str(grpc_port),
        "LEDGER_DATA_DIR": str(folder),
        **environment,
    }
    command = [str(Path(sys.executable).with_name("ledger")), "serve", "--dev"]
    with log.open("wb") as output:
        process = start(command, environment=own, stdout=output, stderr=output)
    with ended(process):
        give_up_at = time.monotonic() + READY_PATIENCE_S
        while "ledger ready at" not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > give_up_at:
                said = log.read_text(errors="replace")[-2_000:]
                raise CommandError(f"`ledger serve` did not become ready; it said:\n{said}")
            time.sleep(0.05)
        yield Service(process, (port, grpc_port), environment["LEDGER_DEV_API_KEY"])


class Generator:
    """The load generator's process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, job: Job) -> Result:
        """Have it do a job; it bounds that by itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(job) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise CommandError("the load generator ended by itself: see above")
        return msgspec.json.decode(line, type=Result)


@contextmanager
def generating() -> Iterator[Generator]:
    """The load generator, ended afterwards."""
    command = [sys.executable, "-m", "ledger.cli.bench.generator"]
    process = start(command, stdin=subprocess.PIPE)
    with ended(process):
        yield Generator(process)


def start(
    command: list[str],
    *,
    environment: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own: a Ctrl-C reaches the bench, which then ends it."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("LEDGER_", "PG"))
    }
    return subprocess.Popen(  # noqa: S603 - our own programs
        command,
        env={**clean, **(environment or {})},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        # One that is killed outright must leave nobody behind.
        preexec_fn=_die_with_the_parent,  # noqa: PLW1509 - it calls the kernel and nothing else
    )


_libc: Final = ctypes.CDLL(None)


def _die_with_the_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process, with whatever it started, when it is no longer needed."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _worker_of(pid: int) -> int:
    """The one worker among the children of a server."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    workers = [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    if len(workers) != 1:
        raise CommandError(f"one worker was expected of process {pid}; it has {len(workers)}")
    return workers[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
