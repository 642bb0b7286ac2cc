"""A checkout of the ledger with its own .venv, and what of it a bench can run."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from msgspec import Struct

import ledger.core
from ledger.cli.command_error import CommandError

_PACKAGE: Final = Path("ledger", "core", "__init__.py")
_WHICH: Final = "import ledger.core; print(ledger.core.__file__)"


class Checkout(Struct, frozen=True):
    """Where it lies, its Python, and its `ledger` command."""

    folder: Path
    python: Path
    command: Path


def this_checkout() -> Checkout:
    """The checkout whose code this process runs."""
    python = Path(sys.executable)
    return Checkout(Path(ledger.core.__file__).parents[2], python, python.with_name("ledger"))


def checkout_at(path: Path) -> Checkout:
    """The checkout at a path. Raises CommandError where there is none, or none that can be run."""
    goal, folder = f"--against was to compare with {path}", path.resolve()
    if not folder.is_dir():
        raise CommandError(f"{goal}, which is no folder: name another checkout of the ledger")
    if not (folder / _PACKAGE).is_file() or not (folder / "Makefile").is_file():
        raise CommandError(
            f"{goal}, which is no checkout of the ledger (it has no {_PACKAGE} or no Makefile): "
            "name one, as `git worktree add` makes them"
        )
    programs = folder / ".venv" / "bin"
    checkout = Checkout(folder, programs / "python", programs / "ledger")
    for program in (checkout.python, checkout.command):
        if not program.is_file():
            raise CommandError(
                f"{goal}, which has no {program.relative_to(folder)}: run `make ready-serve` there"
            )
    _check_runs_own_code(checkout, goal)
    return checkout


def _check_runs_own_code(checkout: Checkout, goal: str) -> None:
    """Raise CommandError unless its .venv runs its own code.

    A .venv that was copied runs the code of the checkout that it was made for.
    """
    probe = subprocess.run(  # noqa: S603 - the Python of a checkout that the caller named
        [checkout.python, "-I", "-c", _WHICH], check=False, capture_output=True, text=True
    )
    if probe.returncode != 0:
        reason = probe.stderr.strip().rpartition("\n")[2]
        raise CommandError(
            f"{goal}, but its .venv does not run the ledger ({reason}): "
            "run `make ready-serve` there"
        )
    runs = Path(probe.stdout.strip())
    if runs.resolve() != checkout.folder / _PACKAGE:
        raise CommandError(
            f"{goal}, but its .venv runs the ledger of {runs.parents[2]}: remove that .venv and "
            "run `make ready-serve` there"
        )
