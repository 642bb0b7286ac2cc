"""The short private folder for the server's socket, whose path may not exceed 107 bytes."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ledger.embedded.errors import EmbeddedPostgresError
from ledger.embedded.process import Identity

_PREFIX = "ledger-pg-"
_ALIAS = "data"
_SOCKET = ".s.PGSQL."
_SOCKET_PATH_MAX_BYTES = 107
_SOCKET_NAME_MAX_BYTES = len("/.s.PGSQL.65535.lock")
# Postgres has buffers of 1,024 bytes for paths below its data folder.
_CLUSTER_PATH_MAX_BYTES = 700


def make_runtime_dir(data_dir: Path, identity: Identity) -> Path:
    """Make the folder, or take over one of the same name that only this identity can have made.

    Its name holds the uid and a hash of the data folder, so that a crash leaves one to find
    again. Anybody may make a folder in /tmp: what is not owned by the identity, or is open to
    others, is left alone, and the next name is tried.
    """
    known = data_dir.stat()
    identifying = b"%d %d %s" % (known.st_dev, known.st_ino, os.fsencode(data_dir))
    name = f"{_PREFIX}{identity.owner_uid}-{hashlib.sha256(identifying).hexdigest()[:12]}"
    for base in _bases(data_dir, identity):
        for suffix in ("", *(f"-{number}" for number in range(1, 16))):
            folder = base / f"{name}{suffix}"
            if len(os.fsencode(folder)) + _SOCKET_NAME_MAX_BYTES > _SOCKET_PATH_MAX_BYTES:
                break
            if _claim(folder, identity):
                return folder
    msg = (
        "Postgres needs a private folder with a short path for its socket, but none could be made "
        "in /tmp, XDG_RUNTIME_DIR, /var/tmp or the data folder. Make one of them writable."
    )
    raise EmbeddedPostgresError(msg)


def remove_runtime_dir(folder: Path) -> None:
    """Remove the folder and what a server leaves in it; do nothing to any other folder."""
    if not folder.name.startswith(_PREFIX):
        return
    with contextlib.suppress(OSError), _opened(folder) as descriptor:
        _empty(descriptor)
        folder.rmdir()


def cluster_alias(runtime_dir: Path, cluster: Path) -> Path:
    """Return the path by which Postgres shall know the cluster.

    That is its own, unless Postgres could not handle it: longer than its buffers, or with a
    newline, which would break its lock file. Then it is a symbolic link in the runtime folder.
    """
    name = os.fsencode(cluster)
    if len(name) <= _CLUSTER_PATH_MAX_BYTES and b"\n" not in name:
        return cluster
    alias = runtime_dir / _ALIAS
    alias.unlink(missing_ok=True)
    alias.symlink_to(cluster)
    return alias


def _bases(data_dir: Path, identity: Identity) -> Iterator[Path]:
    """Yield where the folder may be: only where nobody else can rename or delete it."""
    # /tmp first: XDG_RUNTIME_DIR vanishes when its user logs out, under a service that stays.
    names = ("/tmp", os.environ.get("XDG_RUNTIME_DIR", ""), "/var/tmp")  # noqa: S108
    for base in (*(Path(name) for name in names if name.startswith("/")), data_dir):
        try:
            known = base.stat()
        except OSError:
            continue
        trusted = known.st_uid in (0, os.geteuid(), identity.owner_uid)
        guarded = known.st_mode & stat.S_ISVTX or not known.st_mode & 0o022
        reachable = known.st_mode & 0o001 or known.st_uid == identity.owner_uid
        if trusted and guarded and reachable:
            yield base


def _claim(folder: Path, identity: Identity) -> bool:
    try:
        folder.mkdir(mode=0o700)
        made = True
    except FileExistsError:
        made = False
    except OSError:
        return False
    try:
        with _opened(folder) as descriptor:
            if made:
                os.fchmod(descriptor, 0o700)
                os.fchown(descriptor, identity.owner_uid, identity.owner_gid)
            known = os.fstat(descriptor)
            if known.st_uid != identity.owner_uid or stat.S_IMODE(known.st_mode) != 0o700:
                return False
            _empty(descriptor)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Hold the folder itself, so that it cannot be exchanged for a link between two steps."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _empty(descriptor: int) -> None:
    for name in os.listdir(descriptor):
        if name.startswith(_SOCKET) or name == _ALIAS:
            os.unlink(name, dir_fd=descriptor)
