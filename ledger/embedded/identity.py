"""Whom Postgres runs as, and from where: the first way that a trial shows to work.

Postgres refuses to run as root. So as root it runs as an unprivileged user if that user can
reach the programs and the data; else in a user namespace, where it still is the file system's
root but not its own; else as an unprivileged user from copies in a folder that can be reached.
"""

import contextlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.embedded.binaries import bin_dir, copy_programs
from ledger.embedded.errors import EmbeddedPostgresError
from ledger.embedded.layout import Layout
from ledger.embedded.process import Identity, Mode, run
from ledger.embedded.relocation import move_cluster_to

# `postgres` first: daemons of many kinds, and squashed NFS clients, share `nobody`, and each
# could read the data and trace the server; only database servers share `postgres`.
_UNPRIVILEGED_NAMES = ("postgres", "nobody")
_RELOCATION_BASES = ("/var/lib", "/tmp")  # noqa: S108 - the folder made there is our own


@dataclass(frozen=True)
class Placement:
    """Who runs which programs on which cluster."""

    identity: Identity
    programs: Path
    cluster: Path


def choose_placement(layout: Layout, only: Mode | None) -> Placement:
    """Return the first placement that works; `only` is for tests, which want a certain one."""
    programs, cluster = bin_dir(), layout.pgdata
    refusals: list[str] = []
    for identity in _identities(cluster):
        if only in (None, identity.mode):
            refusal = _try_out(identity, programs, cluster.parent)
            if refusal is None:
                return Placement(identity, programs, cluster)
            refusals.append(f"{identity.mode.value} {identity.uid}: {refusal}")
    if os.geteuid() == 0 and only in (None, Mode.RELOCATED):
        relocated = _relocate(layout, refusals)
        if relocated is not None:
            return relocated
    tried = "; ".join(refusals) or "there was nothing to try"
    msg = (
        f"Postgres was to run on {cluster}, but no way to run it works: {tried}. Run as an "
        "ordinary user, choose a LEDGER_DATA_DIR that ordinary users can reach, or set "
        "LEDGER_DATABASE_URL to use a Postgres of your own."
    )
    raise EmbeddedPostgresError(msg)


def _relocate(layout: Layout, refusals: list[str]) -> Placement | None:
    """Find a place for copies of the programs, and for the cluster; note why a place fails."""
    settled = layout.location.exists()
    for place in [layout.pgdata.parent] if settled else _fresh_places():
        copies = copy_programs(place)
        for identity in _users(layout.pgdata, Mode.RELOCATED):
            refusal = _try_out(identity, copies, place)
            if refusal is None:
                return Placement(identity, copies, move_cluster_to(layout, place))
            refusals.append(f"{identity.mode.value} {identity.uid} in {place}: {refusal}")
        if not settled:
            shutil.rmtree(place)
    return None


def _identities(cluster: Path) -> Iterator[Identity]:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        yield from _users(cluster, Mode.USER)
    elif _name_of(uid) is not None:
        yield Identity(Mode.SELF, uid, gid, uid, gid)
        return
    # Also for a uid without a name, as containers have them: initdb insists on one.
    for inner in _unprivileged():
        yield Identity(Mode.NAMESPACE, inner.pw_uid, inner.pw_gid, uid, gid)
        return


def _users(cluster: Path, mode: Mode) -> Iterator[Identity]:
    """Yield the users whom root may choose, first the one who owns the cluster already.

    Whoever runs the service with sudo once can go on without it.
    """
    users = _unprivileged()
    if cluster.is_dir():
        owner = _name_of(cluster.stat().st_uid)
        users = [*([owner] if owner and owner.pw_uid != 0 else []), *users]
    for user in dict.fromkeys(users):
        yield Identity(mode, user.pw_uid, user.pw_gid, user.pw_uid, user.pw_gid)


def _unprivileged() -> list[pwd.struct_passwd]:
    accounts = []
    for name in _UNPRIVILEGED_NAMES:
        with contextlib.suppress(KeyError):
            accounts.append(pwd.getpwnam(name))
    return accounts


def _name_of(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _try_out(identity: Identity, programs: Path, folder: Path) -> str | None:
    """Run the server's `--version` in the folder that holds the cluster; return what fails."""
    status, text = run(identity, [programs / "postgres", "--version"], folder=str(folder))
    return None if status == 0 else text or f"it ended with status {status}"


def _fresh_places() -> Iterator[Path]:
    """Yield new folders, under names that nobody can foresee."""
    for base in _RELOCATION_BASES:
        try:
            place = Path(tempfile.mkdtemp(prefix="ledger-embedded-", dir=base))
        except OSError:
            continue
        # The server's user passes through it to its own cluster, and lists nothing.
        place.chmod(0o711)
        yield place
