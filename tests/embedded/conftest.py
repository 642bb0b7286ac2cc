"""Data folders, and the check that every test leaves nothing running."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.embedded import EmbeddedPostgres, Mode, identity
from tests.embedded.worlds import QUICK, kill_everything, servers_in
from tests.kit.memory import quick_base, quick_folder


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder that every user can pass through."""
    with quick_folder() as folder:
        yield folder
        elsewhere = [Path(file.read_text().strip()) for file in folder.rglob("postgres.location")]
        left = servers_in(folder)
        for home in elsewhere:
            left |= servers_in(home)
        kill_everything(list(left))
        for home in elsewhere:
            shutil.rmtree(home.parent, ignore_errors=True)
    assert not left, "the test left servers running"


@pytest.fixture(autouse=True)
def _relocation_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of the programs, two thousand files, go where it is quick, if anywhere."""
    base = quick_base()
    if base is not None:
        monkeypatch.setattr(identity, "_RELOCATION_BASES", (base,))


@pytest.fixture
def new_dir(place: Path) -> Path:
    """A data folder that does not exist yet."""
    return place / "data"


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A cluster to copy: initdb takes longer than most tests."""
    with quick_folder() as folder:
        with EmbeddedPostgres(folder, settings=QUICK):
            pass
        yield folder


@pytest.fixture
def data_dir(place: Path, made: Path) -> Path:
    """A data folder with a cluster that has run before, as whoever."""
    folder = place / "data"
    folder.mkdir()
    shutil.copytree(made / "postgres", folder / "postgres", symlinks=True)
    return folder


@pytest.fixture
def same_user() -> Mode:
    """The mode in which Postgres, to the kernel, is the user that we are."""
    return Mode.NAMESPACE if os.geteuid() == 0 else Mode.SELF


@pytest.fixture(
    params=[Mode.SELF, Mode.USER, Mode.NAMESPACE, Mode.RELOCATED], ids=lambda m: m.value
)
def mode(request: pytest.FixtureRequest) -> Mode:
    """Each way to run; those that are not ours are skipped."""
    wanted: Mode = request.param
    if (wanted is Mode.SELF) == (os.geteuid() == 0):
        pytest.skip(f"{wanted.value} is not a way to run for uid {os.geteuid()}")
    return wanted


@pytest.fixture
def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
