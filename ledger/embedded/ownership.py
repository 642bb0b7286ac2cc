"""Who owns a data folder: one service for long, or a command for the time of its work."""

import os
import time
from dataclasses import dataclass
from enum import Enum

import structlog

from ledger.embedded.errors import EmbeddedPostgresError
from ledger.embedded.layout import Layout
from ledger.embedded.lock import FileLock

_log = structlog.get_logger(__name__)

_COMMAND_PATIENCE_S = 30.0
_POLL_S = 0.05


class Role(Enum):
    """What the owner is to others who want the folder."""

    SERVICE = "service"
    COMMAND = "command"


@dataclass(frozen=True)
class Owner:
    """What the lock's note says; `ready` once its database can be used."""

    pid: str
    role: str
    ready: bool


def note_owner(lock: FileLock, role: Role, *, ready: bool) -> None:
    """Tell others who we are; we hold the lock."""
    lock.write_note(f"{os.getpid()} {role.value} {'ready' if ready else 'starting'}\n")


def read_owner(lock: FileLock) -> Owner:
    """Return who holds the lock, as far as it has said."""
    pid, role, state = (*lock.note().split(), "unknown", "unknown", "unknown")[:3]
    return Owner(pid, role, state == "ready")


def own_as_service(layout: Layout, lock: FileLock) -> None:
    """Take the lock for a service.

    A command that is at work is waited for; another service never ends by itself.
    """
    deadline = time.monotonic() + _COMMAND_PATIENCE_S
    waiting = False
    while not lock.try_exclusive():
        owner = read_owner(lock)
        if owner.role == Role.SERVICE.value or time.monotonic() > deadline:
            msg = (
                f"The data folder {layout.data_dir} was to be taken by a service, but a living "
                f"{owner.role} with pid {owner.pid} holds its lock. Stop that process first, "
                "or choose another LEDGER_DATA_DIR."
            )
            raise EmbeddedPostgresError(msg)
        if not waiting and owner.role == Role.COMMAND.value:
            _log.info("postgres.waiting_for_command", pid=owner.pid)
            waiting = True
        time.sleep(_POLL_S)
    note_owner(lock, Role.SERVICE, ready=False)
