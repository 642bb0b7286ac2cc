"""A checkout of the ledger with its own .venv, and what of it a bench can run."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from msgspec import Struct

import ledger
from ledger.cli.failures import CommandError

_PACKAGE: Final = Path("ledger", "__init__.py")
_WHICH: Final = "import ledger; print(ledger.__file__)"


class Checkout(Struct, frozen=True):
    """Where it lies, its Python, and its `ledger` command."""

    folder: Path
    python: Path
    command: Path


def this_checkout() -> Checkout:
    """The one that this process runs."""
    python = Path(sys.executable)
    return Checkout(Path(ledger.__file__).parents[1], python, python.with_name("ledger"))


def checkout_at(path: Path) -> Checkout:
    """The one at a path. Raises CommandError where there is none, or where it cannot be run."""
    asked, folder = f"--against was to compare with {path}", path.resolve()
    if not folder.is_dir():
        raise CommandError(f"{asked}, which is no folder: name another checkout of the ledger")
    if not (folder / _PACKAGE).is_file() or not (folder / "Makefile").is_file():
        raise CommandError(
            f"{asked}, which is no checkout of the ledger (it has no {_PACKAGE} or no Makefile): "
            "name one, as `git worktree add` makes them"
        )
    programs = folder / ".venv" / "bin"
    checkout = Checkout(folder, programs / "python", programs / "ledger")
    for program in (checkout.python, checkout.command):
        if not program.is_file():
            raise CommandError(
                f"{asked}, which has no {program.relative_to(folder)}: run `make ready-serve` there"
            )
    _see_whose_code_runs(checkout, asked)
    return checkout


def _see_whose_code_runs(checkout: Checkout, asked: str) -> None:
    """A .venv that was copied runs the code of the checkout that it was made for."""
    asking = subprocess.run(  # noqa: S603 - the Python of a checkout that the caller named
        [checkout.python, "-I", "-c", _WHICH], check=False, capture_output=True, text=True
    )
    if asking.returncode != 0:
        reason = asking.stderr.strip().rpartition("\n")[2]
        raise CommandError(
            f"{asked}, but its .venv does not run the ledger ({reason}): "
            "run `make ready-serve` there"
        )
    runs = Path(asking.stdout.strip())
    if runs.resolve() != checkout.folder / _PACKAGE:
        raise CommandError(
            f"{asked}, but its .venv runs the ledger of {runs.parents[1]}: remove that .venv and "
            "run `make ready-serve` there"
        )
