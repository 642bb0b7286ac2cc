"""The Makefile and the lock files: what a newcomer, an operator and CI rely on."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "deploy" / "requirements"
LOCKS = ("serve", "test", "dev")
TOOLS = ("cat", "cksum", "echo", "env", "flock", "grep", "id", "make", "mkdir", "rm", "sh")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]
SERVING = [
    *PROJECT["project"]["dependencies"],
    *PROJECT["project"]["optional-dependencies"]["embedded"],
    *GROUPS["build"],
]
WANTED = {
    "serve": SERVING,
    "test": [*SERVING, *GROUPS["test"]],
    "dev": [*SERVING, *GROUPS["test"], *GROUPS["lint"]],
}


def pins(lock: str) -> dict[str, str]:
    """Version by name; one with a marker is pinned where the marker holds."""
    lines = (REQUIREMENTS / f"{lock}.txt").read_text().splitlines()
    pinned = re.compile(r"([a-z0-9-]+)(?:\[[^]]*\])?==([^ ;]+)")
    return {pin[1]: pin[2] for line in lines if (pin := pinned.match(line))}


def make(folder: Path, *arguments: str, path: Path | None = None) -> tuple[int, str]:
    """Exit code and output of `make` in a folder, as if no other make had called us."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "PYTHON", "VIRTUAL_ENV"))
    }
    if path is not None:
        environment["PATH"] = str(path)
    done = subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as installing needs, under a name with a space and Chinese."""
    folder = tmp_path / "my 账本"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("ledger", "deploy"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with what the Makefile uses, but for python3."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        if path := shutil.which(tool):
            (folder / tool).symlink_to(path)
    return folder


def place_python(tools: Path, script: str) -> None:
    """A python3 that does as the script says, and else what a real one does."""
    fake = tools / "python3"
    fake.write_text(f'#!/bin/sh\n{script}\nexec "{sys.executable}" "$@"\n')
    fake.chmod(0o755)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash_and_nothing_else(lock: str) -> None:
    """A lock file holds names, versions, markers and hashes: no URL, host or option."""
    text = (REQUIREMENTS / f"{lock}.txt").read_text().replace(" \\\n", " ")
    marker, digest = r"( ; [^#@:]+?)?", r"( {5}--hash=sha256:[0-9a-f]{64})+"
    pin = re.compile(rf"[a-z0-9-]+==[\w.+!]+{marker}{digest}")
    assert text
    assert not [line[:80] for line in text.splitlines() if not pin.fullmatch(line)]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_fits_what_the_project_asks_for(lock: str) -> None:
    """Whoever changes a dependency runs `make lock`."""
    pinned = pins(lock)
    for wish in map(Requirement, WANTED[lock]):
        name = canonicalize_name(wish.name)
        assert name in pinned, f"{name} is not in {lock}.txt: run `make lock`"
        assert wish.specifier.contains(pinned[name]), f"{name} is stale: run `make lock`"


def test_the_three_lock_files_agree() -> None:
    """One .venv can hold all three: what serves is what was tested."""
    serve, test, dev = map(pins, LOCKS)
    assert serve.items() <= test.items() <= dev.items()


def test_a_missing_python_is_named(checkout: Path, tools: Path) -> None:
    """Without python3, one sentence says so and what to do."""
    code, output = make(checkout, "ready-serve", path=tools)
    assert code != 0
    assert "python3 is missing: install Python 3.11 or later" in output


def test_an_old_python_is_refused_with_its_version(checkout: Path, tools: Path) -> None:
    """A python3 before 3.11 is refused before anything is made."""
    place_python(tools, 'case "$*" in *version_info*) exit 1;; -V) echo Python 3.9.2; exit;; esac')
    code, output = make(checkout, "ready-serve", path=tools)
    assert code != 0
    assert "python3 is too old (Python 3.9.2): install Python 3.11 or later" in output
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_is_told_what_to_install(checkout: Path, tools: Path) -> None:
    """Debian's python3 comes without ensurepip: the sentence names the package."""
    place_python(tools, 'case "$*" in *ensurepip*) exit 1;; esac')
    code, output = make(checkout, "ready-serve", path=tools)
    assert code != 0
    assert "python3 has no venv module: install it (Debian and Ubuntu: apt install" in output
    assert not (checkout / ".venv").exists()


def test_a_lock_file_with_a_url_fails_the_check(checkout: Path) -> None:
    """`make check` and `make lock` refuse a lock file that says where packages come from."""
    assert make(checkout, "check-locks") == (0, "")
    with (checkout / "deploy" / "requirements" / "serve.txt").open("a") as lock:
        lock.write("--index-url https://packages.example.com/simple\n")
    code, output = make(checkout, "check-locks")
    assert code != 0
    assert "packages.example.com" in output


@pytest.mark.deploy
def test_installing_is_done_once_and_repaired_when_it_was_cut_short(checkout: Path) -> None:
    """From nothing to a command that runs; then no work; then a broken .venv is made anew."""
    code, output = make(checkout, "ready-serve", f"PYTHON={sys.executable}")
    assert code == 0, output
    help_text = subprocess.check_output([checkout / ".venv/bin/ledger", "--help"], text=True)
    assert "serve" in help_text
    assert make(checkout, "ready-serve") == (0, "")

    (checkout / ".venv" / "unfinished").touch()
    code, output = make(checkout, "ready-serve", f"PYTHON={sys.executable}")
    assert code == 0, output
    assert "making .venv" in output

    moved = checkout.rename(checkout.with_name("moved"))
    code, output = make(moved, "ready-serve", f"PYTHON={sys.executable}")
    assert code == 0, output
    assert "making .venv" in output


@pytest.mark.deploy
def test_two_makes_at_once_install_once(checkout: Path) -> None:
    """The second waits for the first, and then has nothing to do."""
    command = ["make", "ready-serve", f"PYTHON={sys.executable}"]
    pair = [
        subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    outputs = [process.communicate()[0] for process in pair]
    assert [process.returncode for process in pair] == [0, 0]
    assert sum("making .venv" in output for output in outputs) == 1
