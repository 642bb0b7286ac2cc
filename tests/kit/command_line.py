"""The command line, as processes of their own."""

import asyncio
import os
import sys
from pathlib import Path

LEDGER = str(Path(sys.executable).with_name("ledger"))


def clean_environment() -> dict[str, str]:
    """What is around us, but for what concerns a ledger."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}


async def start(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """A command under way, its output in pipes."""
    return await asyncio.create_subprocess_exec(
        LEDGER,
        *arguments,
        env={**clean_environment(), "COLUMNS": "80", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
    )


async def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    process = await start(*arguments, **environment)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def untouched(folder: Path) -> bool:
    """Whether nothing was put into a folder."""
    return not list(folder.iterdir())
