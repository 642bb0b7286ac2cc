"""Start, stop, refusals, configuration."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from ledger.embedded import EmbeddedPostgres, EmbeddedPostgresError, bin_dir
from tests.embedded.worlds import QUICK, ask, line, player, servers_in
from tests.kit.waiting import wait_until


def test_a_restart_finds_the_data_of_the_first_start(new_dir: Path) -> None:
    """What was committed is there after stop and start; the first start makes `ledger`."""
    with EmbeddedPostgres(new_dir) as postgres:
        assert (new_dir / "postgres.pid").read_text().strip() == str(postgres.pid)
        ask(postgres.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS n")
    with EmbeddedPostgres(new_dir) as postgres:
        assert ask(postgres.url("postgres"), "TABLE kept") == "42"
        shown = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings"
        names = "('fsync', 'full_page_writes', 'jit', 'listen_addresses', 'synchronous_commit')"
        assert ask(postgres.url("postgres"), f"{shown} WHERE name IN {names}") == (
            "fsync=on full_page_writes=on jit=off listen_addresses= synchronous_commit=on"
        )
        assert ask(postgres.url("postgres"), "SHOW timezone") == "UTC"
        assert ask(postgres.url("postgres"), "SHOW server_encoding") == "UTF8"


def test_stop_leaves_no_process_no_pid_and_no_socket_folder(data_dir: Path) -> None:
    """Only data, lock and log remain; a second stop does nothing."""
    postgres = EmbeddedPostgres(data_dir, settings=QUICK)
    postgres.start()
    socket_dir = _socket_dir(postgres)
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert os.getsid(postgres.pid or 0) == postgres.pid, "signals to our group must not reach it"
    postgres.stop()
    postgres.stop()
    assert postgres.pid is None
    assert not servers_in(data_dir)
    assert not socket_dir.exists()
    assert sorted(entry.name for entry in data_dir.iterdir() if entry.name != "postgres") == [
        "lock",
        "postgres.log",
    ]
    with pytest.raises(EmbeddedPostgresError, match=r"Call start\(\) first"):
        postgres.url("postgres")


def test_a_second_service_is_refused_and_told_who_holds_the_folder(data_dir: Path) -> None:
    """One live service owns the folder; the refusal names its pid and harms nothing."""
    with player("service", data_dir) as holder:
        url = line(holder, "ready ")
        with pytest.raises(EmbeddedPostgresError, match=f"service with pid {holder.pid} holds"):
            EmbeddedPostgres(data_dir, settings=QUICK).start()
        assert ask(url, "SELECT 1") == "1"
        holder.terminate()
        assert holder.wait(20) == 0
    assert not servers_in(data_dir)


def test_a_port_is_on_loopback_and_wants_the_password(data_dir: Path, free_port: int) -> None:
    """Over TCP there is no trust: the password is in a file of its owner alone."""
    with EmbeddedPostgres(data_dir, port=free_port, settings=QUICK) as postgres:
        kept = data_dir / "postgres.password"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        tcp = f"postgresql://postgres@127.0.0.1:{free_port}/ledger"
        assert ask(tcp, "SELECT 1", PGPASSWORD=kept.read_text().strip()) == "1"
        with pytest.raises(AssertionError, match="password authentication failed"):
            ask(tcp, "SELECT 1", PGPASSWORD="guessed")
        assert ask(postgres.url("postgres"), "SELECT 1") == "1"
        assert kept.read_text().strip() not in (data_dir / "postgres.log").read_text()
        first = kept.read_text()
    with EmbeddedPostgres(data_dir, port=free_port, settings=QUICK):
        assert kept.read_text() == first


def test_pgbench_from_the_wheel_works_through_the_url(data_dir: Path) -> None:
    """The URL is one that the programs of the wheel take."""
    with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
        url = postgres.url("postgres")
        for arguments in (["-i", "-s", "1", "-q"], ["-c", "2", "-t", "20"]):
            subprocess.run(
                [bin_dir() / "pgbench", *arguments, url],
                check=True,
                capture_output=True,
                timeout=240,
            )
        assert ask(url, "SELECT count(*) FROM pgbench_history") == "40"


def test_an_initdb_killed_half_way_is_done_again(new_dir: Path) -> None:
    """A cluster is there whole or not at all, also when the first start dies with kill -9."""
    with player("service", new_dir) as service:
        wait_until((new_dir / "postgres.new" / "base").exists, "initdb is at work")
        service.kill()
    assert not (new_dir / "postgres").exists()
    with EmbeddedPostgres(new_dir, settings=QUICK) as postgres:
        assert ask(postgres.url("postgres"), "SELECT 1") == "1"
        assert not (new_dir / "postgres.new").exists()


def test_an_interrupted_initdb_leaves_no_postgres_behind(new_dir: Path) -> None:
    """Ctrl-C in the first start ends what makes the cluster, though the caller lives on."""
    with player("starter", new_dir) as starter:
        wait_until((new_dir / "postgres.new" / "base").exists, "initdb is at work")
        starter.send_signal(signal.SIGINT)
        assert line(starter, "left ") == "0 False"
        with EmbeddedPostgres(new_dir, settings=QUICK) as postgres:
            assert ask(postgres.url("postgres"), "SELECT 1") == "1"


def test_an_interrupted_start_leaves_no_postgres_behind(data_dir: Path) -> None:
    """Ctrl-C while Postgres comes up ends it, though the caller lives on."""
    with player("starter", data_dir) as starter:
        wait_until((data_dir / "postgres" / "postmaster.pid").exists, "Postgres is coming up")
        coming = int((data_dir / "postgres.pid").read_text())
        os.kill(coming, signal.SIGSTOP)
        starter.send_signal(signal.SIGINT)
        wait_until(lambda: _signals_wait_for(coming), "it is told to stop")
        os.kill(coming, signal.SIGCONT)
        assert line(starter, "left ") == "0 False"
        with EmbeddedPostgres(data_dir, settings=QUICK) as postgres:
            assert ask(postgres.url("postgres"), "SELECT 1") == "1"


def test_a_folder_that_is_no_cluster_is_refused_and_left_alone(new_dir: Path) -> None:
    """Whatever lies in the cluster's place is somebody's; so is one of another version."""
    strange = new_dir / "postgres" / "letter.txt"
    strange.parent.mkdir(parents=True)
    strange.write_text("dear")
    with pytest.raises(EmbeddedPostgresError, match="has no PG_VERSION"):
        EmbeddedPostgres(new_dir).start()
    (strange.parent / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedPostgresError, match="made by Postgres 15, but Postgres 18"):
        EmbeddedPostgres(new_dir).start()
    assert strange.read_text() == "dear"


def test_a_server_that_refuses_to_start_is_quoted(data_dir: Path) -> None:
    """The error holds what the server said, and the next start is free to try."""
    with pytest.raises(EmbeddedPostgresError, match="shared_buffers"):
        EmbeddedPostgres(data_dir, settings={**QUICK, "shared_buffers": "many"}).start()
    assert not (data_dir / "postgres.pid").exists()
    with EmbeddedPostgres(data_dir, settings=QUICK):
        pass


def test_a_forked_child_neither_stops_postgres_nor_keeps_the_lock(data_dir: Path) -> None:
    """Workers forked from the service inherit its objects, but not what it owns."""
    postgres = EmbeddedPostgres(data_dir, settings=QUICK)
    postgres.start()
    done, say_done = os.pipe()
    child = os.fork()
    if child == 0:
        postgres.stop()
        os.write(say_done, b"!")
        signal.pause()
    try:
        assert os.read(done, 1) == b"!"
        assert ask(postgres.url("postgres"), "SELECT 1") == "1"
        postgres.stop()
        with EmbeddedPostgres(data_dir, settings=QUICK):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _signals_wait_for(pid: int) -> bool:
    """Whether a stopped process will hear of a signal once it goes on."""
    status = Path(f"/proc/{pid}/status").read_text()
    return any(
        int(line.split()[1], 16)
        for line in status.splitlines()
        if line.startswith(("SigPnd", "ShdPnd"))
    )


def _socket_dir(postgres: EmbeddedPostgres) -> Path:
    return Path(postgres.url("postgres").partition("host=")[2].partition("&")[0])
