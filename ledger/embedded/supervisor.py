"""One Postgres under one process: started, kept alive, stopped."""

import os
import platform
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import structlog

from ledger.embedded.address import Address
from ledger.embedded.binaries import bin_dir
from ledger.embedded.cluster import (
    SOCKET_PORT,
    SUPERUSER,
    ensure_cluster,
    remove_unfinished,
    server_command,
    write_access_rules,
)
from ledger.embedded.errors import EmbeddedPostgresError
from ledger.embedded.identity import choose_placement
from ledger.embedded.layout import layout_of, write_whole
from ledger.embedded.lock import FileLock
from ledger.embedded.ownership import Role, note_owner, own_as_service
from ledger.embedded.postmaster import Postmaster, end_left_over
from ledger.embedded.process import Mode, environment, kill_all
from ledger.embedded.runtime import make_runtime_dir, remove_runtime_dir

_log = structlog.get_logger(__name__)

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_PREPARE = Path(__file__).with_name("prepare.sql")
_POLL_S = 0.02
_REPORT_EVERY_S = 5.0
_RESPAWN_DELAY_MAX_S = 5.0


class EmbeddedPostgres:
    """One Postgres cluster under a data folder, supervised by this process.

    Postgres dies with the thread that started it, so start it, and keep it alive, from a thread
    that lives as long as the service: as a rule the main thread.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] = NO_SETTINGS,
        run_as: Mode | None = None,
    ) -> None:
        """Note what is wanted; nothing is touched yet.

        With a `port` Postgres also listens on 127.0.0.1, for the superuser `postgres` with the
        password in `postgres.password`. `settings` override the configuration. `run_as` allows
        only that way of running; tests want each of them.
        """
        if platform.system() != "Linux":
            msg = (
                "The embedded Postgres was asked for, but it needs Linux, whose kernel ends it "
                "together with the service. Set LEDGER_DATABASE_URL to use a Postgres of your own."
            )
            raise EmbeddedPostgresError(msg)
        self._layout = layout_of(data_dir)
        self._port = port
        self._settings = settings
        self._run_as = run_as
        self._role = Role.SERVICE
        self._lock: FileLock | None = None
        self._owner_pid = 0
        self._runtime_dir: Path | None = None
        self._postmaster: Postmaster | None = None
        self._command: list[str | Path] = []
        self._ready = False
        self._respawn_delay_s = 0.0
        self._respawn_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's pid, or None while there is none."""
        return None if self._postmaster is None else self._postmaster.pid

    def url(self, user: str, database: str = "ledger") -> str:
        """Return the URL of the server's socket for asyncpg, psql and pgbench."""
        if self._runtime_dir is None:
            msg = "The URL of Postgres was asked for, but it is not started. Call start() first."
            raise EmbeddedPostgresError(msg)
        return self._address(self._runtime_dir).url(user, database)

    def start(self, *, lock: FileLock | None = None) -> None:
        """Start Postgres and return when the database `ledger` accepts connections.

        Recovery after a crash is waited for however long it takes. A command passes the lock
        that it has taken already. Raises EmbeddedPostgresError; whatever is raised, no Postgres
        is left behind.
        """
        if self._lock is not None:
            msg = "This Postgres was to be started, but it has been already. Call stop() first."
            raise EmbeddedPostgresError(msg)
        self._layout.create()
        self._owner_pid = os.getpid()
        self._role = Role.SERVICE if lock is None else Role.COMMAND
        self._lock = lock or FileLock(self._layout.lock)
        try:
            if lock is None:
                own_as_service(self._layout, self._lock)
        except BaseException:
            self._let_go()
            raise
        try:
            self._start(self._lock)
        except BaseException:
            self._abandon()
            raise

    def stop(self) -> None:
        """Shut Postgres down, and leave nothing of it but the data; harmless when repeated.

        It takes seconds as a rule and 17 s at worst, after which everything has been killed. A
        forked child that holds a copy of this object stops nothing.
        """
        if self._lock is None or self._owner_pid != os.getpid():
            return
        try:
            if self._postmaster is not None:
                self._postmaster.end()
        finally:
            self._let_go()

    def keep_alive(self) -> bool:
        """Start Postgres again if it has died; return whether it accepts connections.

        Never waits: call it a few times a second. One that dies again and again is started
        after growing pauses of up to 5 s.
        """
        if self._postmaster is None or self._owner_pid != os.getpid():
            msg = "Postgres was to be kept alive, but it is not started here. Call start() first."
            raise EmbeddedPostgresError(msg)
        if self._postmaster.pid is None:
            try:
                self._revive(self._postmaster)
            except OSError as error:
                # No memory or no disk for now; the next call tries again.
                _log.warning("postgres.not_started_again", reason=str(error))
        elif not self._ready and self._postmaster.is_ready():
            self._ready = True
            self._respawn_delay_s = 0.0
            _log.info("postgres.ready_again", pid=self.pid)
        return self._ready

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _start(self, lock: FileLock) -> None:
        left = end_left_over(self._layout.pgdata)
        if left is not None and left.socket_dir:
            remove_runtime_dir(Path(left.socket_dir))
        remove_unfinished(self._layout.pgdata)
        placement = choose_placement(self._layout, self._run_as)
        self._runtime_dir = make_runtime_dir(self._layout.data_dir, placement.identity)
        ensure_cluster(placement, self._runtime_dir, self._settings)
        write_access_rules(placement, self._port)
        self._command = server_command(placement, self._runtime_dir, self._port, self._settings)
        self._postmaster = Postmaster(placement.identity, placement.cluster, self._layout.log)
        self._spawn(self._postmaster)
        self._wait_until_ready(self._postmaster)
        self._prepare(self._postmaster, self._address(self._runtime_dir))
        note_owner(lock, self._role, ready=True)
        _log.info("postgres.ready", pid=self.pid, mode=placement.identity.mode.value)

    def _spawn(self, postmaster: Postmaster) -> None:
        self._ready = False
        postmaster.spawn(self._command)
        self._respawn_at = None
        write_whole(self._layout.pid_file, f"{postmaster.pid or ''}\n", mode=0o644)

    def _wait_until_ready(self, postmaster: Postmaster) -> None:
        report_at = time.monotonic() + _REPORT_EVERY_S
        while not postmaster.is_ready():
            if postmaster.pid is None:
                msg = (
                    f"Postgres was to be started for {self._layout.data_dir}, but it ended with "
                    f"status {postmaster.exit_status}. Mend what it says, then start again "
                    f"({self._layout.log} has all of it):\n{postmaster.last_words()}"
                )
                raise EmbeddedPostgresError(msg)
            if time.monotonic() > report_at:
                report_at += _REPORT_EVERY_S
                last_line = postmaster.last_words().rpartition("\n")[2]
                _log.info("postgres.starting", pid=postmaster.pid, says=last_line)
            time.sleep(_POLL_S)
        self._ready = True

    def _prepare(self, postmaster: Postmaster, address: Address) -> None:
        secret = {}
        if self._port is not None:
            secret["LEDGER_POSTGRES_PASSWORD"] = self._layout.keep_password()
        command: list[str | Path] = [bin_dir() / "psql", "--no-psqlrc", "--quiet"]
        command += [
            "--set",
            "ON_ERROR_STOP=1",
            "--file",
            _PREPARE,
            address.url(SUPERUSER, "postgres"),
        ]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=environment(secret)
        )
        if done.returncode != 0:
            msg = (
                f"Postgres runs for {self._layout.data_dir}, but its database could not be "
                f"prepared. Mend what it says, then start again:\n{done.stderr.strip()}\n"
                f"{postmaster.last_words()}"
            )
            raise EmbeddedPostgresError(msg)

    def _revive(self, postmaster: Postmaster) -> None:
        now = time.monotonic()
        if self._respawn_at is None:
            self._ready = False
            self._respawn_at = now + self._respawn_delay_s
            self._layout.pid_file.unlink(missing_ok=True)
            _log.warning(
                "postgres.died", status=postmaster.exit_status, says=postmaster.last_words()
            )
        if now < self._respawn_at or kill_all(self._layout.pgdata):
            return
        self._respawn_delay_s = min(_RESPAWN_DELAY_MAX_S, self._respawn_delay_s * 2 + 0.1)
        self._spawn(postmaster)

    def _address(self, runtime_dir: Path) -> Address:
        return Address(str(runtime_dir), str(self._port or SOCKET_PORT))

    def _abandon(self) -> None:
        try:
            if self._postmaster is not None:
                self._postmaster.end()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Remove what tells others that Postgres runs; the lock goes last."""
        if self._postmaster is not None:
            self._layout.pid_file.unlink(missing_ok=True)
            self._postmaster = None
        if self._runtime_dir is not None:
            remove_runtime_dir(self._runtime_dir)
            self._runtime_dir = None
        self._ready = False
        if self._lock is not None:
            self._lock.release()
            self._lock = None
