"""Folders for clusters of tests: in memory, where there is room, a database is quickly copied."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = "/dev/shm"
_PREFIX = "ledger-test-of-"


def quick_base() -> str | None:
    """Where files are quick to make, a cluster being a thousand of them; None: nowhere special."""
    try:
        room = os.statvfs(_MEMORY)
    except OSError:
        return None
    roomy = room.f_bavail * room.f_frsize > 2**31
    return _MEMORY if roomy and os.access(_MEMORY, os.W_OK) else None


@contextmanager
def quick_folder() -> Iterator[Path]:
    """An empty folder that every user can pass through, gone afterwards."""
    _remove_what_was_killed()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=quick_base()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_what_was_killed() -> None:
    """Nobody else gives back the memory of a run that could not clean up after itself."""
    for folder in Path(quick_base() or tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)
