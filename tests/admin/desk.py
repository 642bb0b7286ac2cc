"""A desk: whoever works with the ledger's commands, in a pipe or at a terminal of 80 columns."""

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.cells import cell_len

LEDGER = str(Path(sys.executable).with_name("ledger"))
WIDTH = 80
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Said(Struct, frozen=True):
    """How a command ended, and what it printed; at a terminal all of it is in `out`."""

    code: int
    out: str
    err: str = ""

    @property
    def too_wide(self) -> list[str]:
        """Lines that do not fit the terminal."""
        return [line for line in self.out.splitlines() if cell_len(line) > WIDTH]


class Desk(Struct, frozen=True):
    """Where somebody runs commands: the ledger they use, and their key, in the environment."""

    url: str
    key: str
    bytecode: str

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        """What the commands find around them; an empty value takes a variable away."""
        known = {"LEDGER_", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PYTHON_KEYRING"}
        clean = {
            name: value
            for name, value in os.environ.items()
            if not any(name.startswith(start) for start in known)
        }
        own = {"LEDGER_URL": self.url, "LEDGER_API_KEY": self.key, "TERM": "xterm-256color"}
        if clean.pop("PYTHONDONTWRITEBYTECODE", None):
            # Else every command compiles all its modules anew.
            own["PYTHONPYCACHEPREFIX"] = self.bytecode
        return {name: value for name, value in {**clean, **own, **more}.items() if value}

    async def start(self, *arguments: str, **more: str) -> asyncio.subprocess.Process:
        """A command under way, its output in pipes."""
        return await asyncio.create_subprocess_exec(
            LEDGER,
            *arguments,
            env=self.environment(more),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, stdin: str = "", **more: str) -> Said:
        """A command in a pipe."""
        process = await self.start(*arguments, **more)
        out, err = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), err.decode())

    async def sit(
        self, *arguments: str, answer: str | signal.Signals | None = None, **more: str
    ) -> Said:
        """A command at a terminal; `answer` is typed, or sent, when it asks."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
        process = await asyncio.create_subprocess_exec(
            LEDGER,
            *arguments,
            env=self.environment(more),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            shown = await asyncio.to_thread(_watch, ours, process.pid, answer)
        finally:
            os.close(ours)
        code = await process.wait()
        return Said(code, _COLOURS.sub("", shown.decode().replace("\r\n", "\n")))


def _watch(ours: int, pid: int, answer: str | signal.Signals | None) -> bytes:
    """Everything that comes until the other side closes the terminal."""
    shown = b""
    with contextlib.suppress(OSError):
        while data := os.read(ours, 65_536):
            shown += data
            if answer is not None and b"[y/N] " in shown:
                if isinstance(answer, signal.Signals):
                    os.kill(pid, answer)
                else:
                    os.write(ours, answer.encode())
                answer = None
    return shown


async def at_once(*running: Coroutine[Any, Any, Said]) -> list[Said]:
    """What commands said, two of them at a time: that is what a machine has."""
    gate = asyncio.Semaphore(2)

    async def run_gated(command: Coroutine[Any, Any, Said]) -> Said:
        async with gate:
            return await command

    return list(await asyncio.gather(*map(run_gated, running)))
