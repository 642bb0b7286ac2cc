"""Odd paths, hostile neighbours, and whom Postgres runs as."""

import os
import stat
from pathlib import Path

import pytest

from ledger.embedded import EmbeddedPostgres, EmbeddedPostgresError, Mode
from tests.embedded.worlds import QUICK, ask, servers_in

pytestmark = pytest.mark.deploy

_ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change users")


@pytest.mark.parametrize(
    "name",
    [
        "充值账本 ünïcödé, 'quotes', \"more\", %s and $HOME",
        "a\nnewline",
        "/".join(["deep" * 40] * 9),
    ],
    ids=["odd", "newline", "deep"],
)
def test_any_path_of_a_data_folder_works(place: Path, name: str) -> None:
    """Neither the socket's 107 bytes nor Postgres's 1,024 are the user's business."""
    data_dir = place / name
    for expected in ("0", "1"):
        with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
            url = postgres.url("postgres")
            ask(url, "CREATE TABLE IF NOT EXISTS kept (n int)")
            assert ask(url, "SELECT count(*) FROM kept") == expected
            ask(url, "INSERT INTO kept VALUES (1)")
    assert not servers_in(data_dir)


def test_a_foreign_folder_in_the_sockets_place_is_left_alone(data_dir: Path) -> None:
    """Anybody can make a folder in /tmp: one that others may enter, or a link, is not used."""
    taken = []
    for _ in range(2):
        with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
            folder = Path(postgres.url("postgres").partition("host=")[2].partition("&")[0])
            owner = folder.stat().st_uid
            assert ask(postgres.url("postgres"), "SELECT 1") == "1"
        assert folder not in taken
        taken.append(folder)
        if len(taken) == 1:
            folder.symlink_to(data_dir)
        else:
            folder.mkdir(mode=0o755)
            os.chown(folder, owner, -1)
    try:
        with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
            assert not any(str(folder) + "&" in postgres.url("postgres") for folder in taken)
    finally:
        taken[0].unlink()
        taken[1].rmdir()


def test_each_way_to_run_is_unprivileged_and_keeps_its_data(data_dir: Path, mode: Mode) -> None:
    """Who owns the server and its files follows from the way; nothing above is chmodded."""
    before = [stat.S_IMODE(folder.stat().st_mode) for folder in data_dir.parents]
    with EmbeddedPostgres(data_dir, settings=QUICK, run_as=mode) as postgres:
        ask(postgres.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS n")
        owner = Path(f"/proc/{postgres.pid}").stat().st_uid
        own_view = Path(f"/proc/{postgres.pid}/uid_map").read_text().split()
        assert (owner == os.geteuid()) == (mode in (Mode.SELF, Mode.NAMESPACE))
        if mode is Mode.NAMESPACE:
            assert int(own_view[0]) != 0
            assert own_view[1:] == [str(os.geteuid()), "1"]
        assert (data_dir / "postgres.location").exists() == (mode is Mode.RELOCATED)
        cluster = _cluster(data_dir)
        assert postgres.pid in servers_in(cluster)
        assert {path.lstat().st_uid for path in cluster.rglob("*")} == {owner}
    with EmbeddedPostgres(data_dir, settings=QUICK, run_as=mode) as postgres:
        assert ask(postgres.url("postgres"), "TABLE kept") == "42"
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in data_dir.parents] == before


@_ROOT_ONLY
def test_root_prefers_another_user_and_needs_a_namespace_where_only_root_gets(
    place: Path,
) -> None:
    """The way follows from who can reach the data folder; nobody has to choose."""
    for folder, expected in ((place / "open", False), (place / "closed" / "data", True)):
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        with EmbeddedPostgres(folder, settings=QUICK) as postgres:
            assert (Path(f"/proc/{postgres.pid}").stat().st_uid == 0) is expected
            assert ask(postgres.url("postgres"), "SELECT 1") == "1"
        assert not (folder / "postgres.location").exists()


@_ROOT_ONLY
def test_a_cluster_follows_from_one_way_to_run_to_another(data_dir: Path) -> None:
    """Its files change owner, or place, as needed; what is committed stays."""
    ways = (Mode.USER, Mode.NAMESPACE, Mode.RELOCATED, Mode.NAMESPACE, Mode.USER)
    for number, way in enumerate(ways):
        with EmbeddedPostgres(data_dir, settings=QUICK, run_as=way) as postgres:
            ask(postgres.url("postgres"), "CREATE TABLE IF NOT EXISTS kept (n int)")
            assert ask(postgres.url("postgres"), "SELECT count(*) FROM kept") == str(number)
            ask(postgres.url("postgres"), "INSERT INTO kept VALUES (1)")
    assert not (data_dir / "postgres").exists()


@_ROOT_ONLY
def test_a_relocated_cluster_that_is_gone_is_not_replaced_by_an_empty_one(new_dir: Path) -> None:
    """Money that cannot be found is not money that never was."""
    new_dir.mkdir()
    (new_dir / "postgres.location").write_text("/nonexistent/ledger/postgres\n")
    with pytest.raises(EmbeddedPostgresError, match="Bring that folder back"):
        EmbeddedPostgres(new_dir).start()
    (new_dir / "postgres.location").unlink()


def _cluster(data_dir: Path) -> Path:
    location = data_dir / "postgres.location"
    return Path(location.read_text().strip()) if location.exists() else data_dir / "postgres"
