"""The processes of a bench: a real `ledger serve`, its load generator, and how they are ended."""

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

from ledger.cli.bench.jobs import Job, Result
from ledger.cli.bench.usage import Usage, children_of, usage_of
from ledger.cli.command_error import CommandError

READY_PATIENCE_S: Final = 60.0
STOP_PATIENCE_S: Final = 30.0
_PR_SET_PDEATHSIG: Final = 1
_LOG_SHOWN: Final = 2_000
_NEVER_HANDED_ON: Final = ("LEDGER_", "PG", "PYTHONPATH", "PYTHONHOME")
"""Variables that would have a process of ours use another database, or another one's modules."""


class Service:
    """A `ledger serve` under load."""

    def __init__(self, process: subprocess.Popen[bytes], ports: tuple[int, int], key: str) -> None:
        (self.port, self.grpc_port), self.key = ports, key
        self.pid = process.pid
        self.worker_pid = _worker_of(process.pid)

    def usage(self) -> Usage:
        """What its worker has used so far."""
        return usage_of(self.worker_pid)


@contextmanager
def serving(program: Path, environment: Mapping[str, str], folder: Path) -> Iterator[Service]:
    """A development service on the database of the environment, ended afterwards.

    `program` is the `ledger` of the checkout that is to serve.
    """
    port, grpc_port, log = _free_port(), _free_port(), folder / "serve.log"
    own = {
        "LEDGER_HTTP_PORT": str(port),
        "LEDGER_GRPC_PORT": str(grpc_port),
        "LEDGER_DATA_DIR": str(folder),
        **environment,
    }
    with log.open("wb") as output:
        process = start(
            [str(program), "serve", "--dev"], environment=own, stdout=output, stderr=output
        )
    with ended(process):
        give_up_at = time.monotonic() + READY_PATIENCE_S
        while "ledger ready at" not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise CommandError(f"`{program} serve` did not become ready:\n{end_of(log)}")
            time.sleep(0.05)
        yield Service(process, (port, grpc_port), environment["LEDGER_DEV_API_KEY"])


class Generator:
    """The load generator's process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, job: Job) -> Result:
        """Have it do a job; it bounds that by itself."""
        line = ask(self._process, msgspec.json.encode(job))
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


def ask(process: subprocess.Popen[bytes], line: bytes) -> bytes:
    """Give a process a line and wait for the line that it answers: none if it ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(line + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return b""
    return process.stdout.readline()


def end_of(log: Path) -> str:
    """The end of what a process wrote."""
    return log.read_text(errors="replace")[-_LOG_SHOWN:].strip()


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
        name: value for name, value in os.environ.items() if not name.startswith(_NEVER_HANDED_ON)
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
    workers = [
        child
        for child in children_of(pid)
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
