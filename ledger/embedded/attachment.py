"""For commands beside the service: use its Postgres, or run one for the time of the command."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import structlog

from ledger.embedded.address import Address
from ledger.embedded.layout import Layout, layout_of
from ledger.embedded.lock import FileLock
from ledger.embedded.ownership import Owner, Role, note_owner, read_owner
from ledger.embedded.postmaster_file import read_postmaster_file
from ledger.embedded.process import Mode, belongs
from ledger.embedded.supervisor import NO_SETTINGS, EmbeddedPostgres

_log = structlog.get_logger(__name__)

_POLL_S = 0.05
_REPORT_EVERY_S = 5.0


@contextlib.contextmanager
def attach(
    data_dir: Path,
    *,
    settings: Mapping[str, str] = NO_SETTINGS,
    run_as: Mode | None = None,
) -> Iterator[Address | EmbeddedPostgres]:
    """Yield what has the `url()` of this folder's Postgres, which runs at least until the end.

    If a service or another command has it running, or is about to, that one is used. Else one
    is started, with `settings`, and stopped at the end, but not under commands that have
    attached to it meanwhile. A service is free to stop its Postgres at any time.
    """
    postgres = EmbeddedPostgres(data_dir, settings=settings, run_as=run_as)
    layout = layout_of(data_dir)
    layout.create()
    lock, attached = FileLock(layout.lock), FileLock(layout.attached)
    with contextlib.ExitStack() as at_end:
        at_end.callback(attached.release)
        at_end.callback(lock.release)
        address = _find_unless_owned(layout, lock, attached)
        if address is not None:
            yield address
            return
        at_end.callback(postgres.stop)
        postgres.start(lock=lock)
        at_end.callback(_wait_for_others, attached)
        yield postgres


def _find_unless_owned(layout: Layout, lock: FileLock, attached: FileLock) -> Address | None:
    """Return the address of a server that others run; or None, with the folder's lock taken."""
    report_at = time.monotonic() + _REPORT_EVERY_S
    while not lock.try_exclusive():
        owner = read_owner(lock)
        # The lock by which an ending command sees us comes first, then the look at its server.
        if attached.try_shared():
            address = _running(layout, owner)
            if address is not None:
                return address
            attached.release()
        if time.monotonic() > report_at:
            report_at += _REPORT_EVERY_S
            _log.info("postgres.waiting_for_owner", pid=owner.pid, role=owner.role)
        time.sleep(_POLL_S)
    note_owner(lock, Role.COMMAND, ready=False)
    return None


def _running(layout: Layout, owner: Owner) -> Address | None:
    cluster = layout.pgdata
    known = read_postmaster_file(cluster)
    if not owner.ready or known is None or not known.is_ready or not belongs(known.pid, cluster):
        return None
    return Address(known.socket_dir, known.port)


def _wait_for_others(attached: FileLock) -> None:
    """Wait until no other command uses our Postgres, and, by the lock, keep new ones out."""
    report_at = time.monotonic()
    while not attached.try_exclusive():
        if time.monotonic() > report_at:
            report_at += _REPORT_EVERY_S
            _log.info("postgres.waiting_for_commands_attached_to_ours")
        time.sleep(_POLL_S)
