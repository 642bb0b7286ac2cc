"""Commands beside the service, and instead of it."""

from pathlib import Path

import pytest

from ledger.embedded import EmbeddedPostgres, attach
from tests.embedded.worlds import QUICK, ask, line, player, servers_in
from tests.kit.waiting import wait_until


def test_a_command_uses_the_postgres_of_the_service(data_dir: Path) -> None:
    """It finds the address in the folder, and leaves the server running."""
    with player("service", data_dir) as service:
        url = line(service, "ready ")
        with attach(data_dir) as postgres:
            assert postgres.url("postgres") == url
            assert ask(postgres.url("postgres"), "SELECT 1") == "1"
        assert ask(url, "SELECT 1") == "1"
        service.terminate()
        assert service.wait(240) == 0


def test_a_command_waits_for_a_service_that_is_starting(data_dir: Path) -> None:
    """The folder's owner is about to run a Postgres: no second one, and no refusal."""
    with player("service", data_dir) as service:
        wait_until(lambda: "starting" in _note(data_dir), "the service has the lock")
        with attach(data_dir) as postgres:
            assert ask(postgres.url("postgres"), "SELECT 1") == "1"
        assert line(service, "ready ") == postgres.url("postgres")
        service.terminate()
        assert service.wait(240) == 0


def test_a_command_alone_starts_and_stops_its_own(data_dir: Path) -> None:
    """Also when the command fails; what it did is there for the next."""
    with attach(data_dir, settings=QUICK) as postgres:
        ask(postgres.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS n")
    assert not servers_in(data_dir)

    def fail() -> None:
        with attach(data_dir, settings=QUICK) as postgres:
            assert ask(postgres.url("postgres"), "TABLE kept") == "42"
            msg = "the command failed"
            raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="the command failed"):
        fail()
    assert not servers_in(data_dir)
    assert not (data_dir / "postgres.pid").exists()


def test_a_command_does_not_stop_postgres_under_another(data_dir: Path) -> None:
    """The one who started it waits for those who attached."""
    with player("command", data_dir) as first:
        line(first, "ready ")
        with attach(data_dir) as second:
            assert first.stdin is not None
            first.stdin.write("\n")
            first.stdin.flush()
            line(first, "leaving")
            assert ask(second.url("postgres"), "SELECT 42 FROM pg_sleep(0.5)") == "42"
        assert first.wait(240) == 0
    assert not servers_in(data_dir)


def test_a_service_waits_for_a_command_to_end(data_dir: Path) -> None:
    """A command holds the folder for a short time only, so it is no reason to refuse."""
    with player("command", data_dir) as command:
        line(command, "ready ")
        with player("service", data_dir) as service:
            assert command.stdin is not None
            command.stdin.write("\n")
            command.stdin.flush()
            assert ask(line(service, "ready "), "SELECT 1") == "1"
            service.terminate()
            assert service.wait(240) == 0


def test_a_command_finds_no_stale_postgres(data_dir: Path) -> None:
    """After a crash of all, files name a server that is not there: one is started."""
    with player("service", data_dir) as service:
        line(service, "ready ")
        service.kill()
    with attach(data_dir, settings=QUICK) as postgres:
        assert isinstance(postgres, EmbeddedPostgres)
        assert ask(postgres.url("postgres"), "SELECT 1") == "1"


def _note(data_dir: Path) -> str:
    try:
        return (data_dir / "lock").read_text()
    except FileNotFoundError:
        return ""
