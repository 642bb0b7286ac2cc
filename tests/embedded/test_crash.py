"""Kill -9 of the service, of Postgres, and of all."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from ledger.embedded import EmbeddedPostgres, Mode, postmaster
from tests.embedded.worlds import QUICK, ask, kill_everything, line, player, servers_in
from tests.kit.waiting import wait_until


def test_a_killed_postmaster_comes_back_with_its_data(data_dir: Path, same_user: Mode) -> None:
    """A stuck orphan that holds the shared memory does not block the restart."""
    with EmbeddedPostgres(data_dir, settings=QUICK, run_as=same_user) as postgres:
        ask(postgres.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS n")
        url, first = postgres.url("postgres"), postgres.pid
        assert first is not None
        orphan = next(pid for pid in servers_in(data_dir) if pid != first)
        os.kill(orphan, signal.SIGSTOP)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not postgres.keep_alive(), "the death is seen")
        _keep_alive_until_ready(postgres)
        assert postgres.pid not in (None, first)
        assert (data_dir / "postgres.pid").read_text().strip() == str(postgres.pid)
        assert postgres.url("postgres") == url
        assert ask(url, "TABLE kept") == "42"


def test_a_postmaster_killed_again_and_again_keeps_coming_back(data_dir: Path) -> None:
    """Also one that dies before it is ready."""
    with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
        for _ in range(3):
            os.kill(postgres.pid or 0, signal.SIGKILL)
            wait_until(lambda: not postgres.keep_alive(), "the death is seen")
            wait_until(lambda: postgres.keep_alive() or postgres.pid, "it is started again")
        _keep_alive_until_ready(postgres)
        assert ask(postgres.url("postgres"), "SELECT 1") == "1"


def test_postgres_dies_with_the_service_and_the_next_start_works(
    data_dir: Path, mode: Mode
) -> None:
    """The parent-death signal survives each change of user, and shuts down cleanly."""
    if mode is Mode.RELOCATED:
        pytest.skip("to the kernel the same as user, and slow to copy")
    with player("service", data_dir, mode.value) as service:
        ask(line(service, "ready "), "CREATE TABLE kept AS SELECT 42 AS n")
        pids = list(servers_in(data_dir))
        assert pids
        service.kill()
        service.wait()
        wait_until(lambda: not servers_in(data_dir), "Postgres is gone")
    with EmbeddedPostgres(data_dir, settings=QUICK, run_as=mode) as postgres:
        assert ask(postgres.url("postgres"), "TABLE kept") == "42"
    assert "was not properly shut down" not in (data_dir / "postgres.log").read_text()


def test_a_start_does_not_wait_for_the_old_postgres_to_be_gone(data_dir: Path) -> None:
    """The moment after the service's death its Postgres still lives: no reason to refuse."""
    with player("service", data_dir) as service:
        ask(line(service, "ready "), "CREATE TABLE kept AS SELECT 42 AS n")
        service.kill()
        service.wait()
    with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
        assert ask(postgres.url("postgres"), "TABLE kept") == "42"


def test_a_left_over_postgres_that_hangs_is_ended(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped postmaster takes no signal but SIGKILL; nor do its stopped children."""
    monkeypatch.setattr(postmaster, "_PATIENCE", ((signal.SIGINT, 0.2), (signal.SIGQUIT, 0.2)))
    with player("service", data_dir) as service:
        ask(line(service, "ready "), "CREATE TABLE kept AS SELECT 42 AS n")
        left = servers_in(data_dir)
        for pid in left:
            os.kill(pid, signal.SIGSTOP)
        service.kill()
        service.wait()
    with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
        assert not left.keys() & servers_in(data_dir).keys()
        assert ask(postgres.url("postgres"), "TABLE kept") == "42"


def test_a_crash_of_all_is_recovered_from(data_dir: Path) -> None:
    """Service and Postgres killed in the midst of writing: what was committed is there."""
    with player("service", data_dir) as service:
        url = line(service, "ready ")
        ask(url, "CREATE TABLE kept AS SELECT n FROM generate_series(1, 50000) AS n")
        service.send_signal(signal.SIGSTOP)
        kill_everything([*servers_in(data_dir), service.pid])
    assert (data_dir / "postgres.pid").exists()
    with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
        assert ask(postgres.url("postgres"), "SELECT count(*) FROM kept") == "50000"
    assert "was not properly shut down" in (data_dir / "postgres.log").read_text()


def test_a_pid_used_again_by_another_process_is_no_postgres(
    data_dir: Path, same_user: Mode
) -> None:
    """A stale postmaster.pid may name anybody: neither refuse because of it, nor harm him."""
    with EmbeddedPostgres(data_dir, settings=QUICK, run_as=same_user):
        pass
    with subprocess.Popen(["sleep", "60"]) as other:
        left = [str(other.pid), str(data_dir / "postgres"), "1", "5432", "", "", "1 1", "ready"]
        (data_dir / "postgres" / "postmaster.pid").write_text("\n".join(left) + "\n")
        try:
            with EmbeddedPostgres(data_dir, settings=QUICK, run_as=same_user) as postgres:
                assert ask(postgres.url("postgres"), "SELECT 1") == "1"
            assert other.poll() is None
        finally:
            other.kill()


def _keep_alive_until_ready(postgres: EmbeddedPostgres) -> None:
    if postgres.pid is not None:
        # It answers at once even if Postgres cannot come up.
        os.kill(postgres.pid, signal.SIGSTOP)
        postgres.keep_alive()
        os.kill(postgres.pid, signal.SIGCONT)
    wait_until(postgres.keep_alive, "Postgres is back")
