"""Locks on files that last exactly as long as the process that took them."""

import fcntl
import os
import weakref
from pathlib import Path

from ledger.embedded.errors import EmbeddedPostgresError


class FileLock:
    """A `flock` with a note in the file that tells others who holds it.

    The kernel drops it however the process ends. The file itself is never deleted: whoever
    deletes a lock file can leave two holders, each with its own file.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self._path = path
        self._descriptor: int | None = None
        _locks.add(self)

    def try_exclusive(self) -> bool:
        """Take it alone; False if anybody holds it."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take it together with others; False if somebody holds it alone."""
        return self._try(fcntl.LOCK_SH)

    def write_note(self, note: str) -> None:
        """Replace the note; only the holder may."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, note.encode(), 0)

    def note(self) -> str:
        """Return what the holder wrote: true while the lock is held, perhaps stale otherwise."""
        try:
            return self._path.read_text()
        except OSError:
            return ""

    def release(self) -> None:
        """Let go; nothing happens if it is not held. In a forked child, close the copy."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _try(self, kind: int) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            msg = (
                f"{self._path} was to be locked, but it cannot be opened: {error.strerror}. "
                "Run as the user who owns the data folder, or choose another LEDGER_DATA_DIR."
            )
            raise EmbeddedPostgresError(msg) from error
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True


_locks: "weakref.WeakSet[FileLock]" = weakref.WeakSet()


def _release_copies() -> None:
    """Close a forked child's copies, which would keep the locks when the parent is gone."""
    for lock in list(_locks):
        lock.release()


os.register_at_fork(after_in_child=_release_copies)
