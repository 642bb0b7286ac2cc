"""The bench as its users run it."""

import asyncio
import os
import sys
from pathlib import Path

LEDGER = str(Path(sys.executable).with_name("ledger"))


async def bench(temporary: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a run with its files in a folder."""
    process = await asyncio.create_subprocess_exec(
        *(LEDGER, "bench", *arguments),
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def left_in(folder: Path) -> list[Path]:
    """What a run left behind."""
    return list(folder.iterdir())
