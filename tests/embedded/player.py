"""Another process of the tests: `player.py <service|command|starter> <data_dir> [mode]`."""

import signal
import sys
import time
from pathlib import Path

from ledger.embedded import EmbeddedPostgres, Mode, attach
from tests.embedded.worlds import QUICK, servers_in


def say(text: str) -> None:
    """Tell the test, at once."""
    print(text, flush=True)  # noqa: T201


def service(data_dir: Path, mode: Mode | None) -> None:
    """Run a service until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with EmbeddedPostgres(data_dir, settings=QUICK, run_as=mode) as postgres:
        say(f"ready {postgres.url('postgres')}")
        while True:
            postgres.keep_alive()
            time.sleep(0.1)


def command(data_dir: Path, mode: Mode | None) -> None:
    """Attach until a line comes on standard input."""
    with attach(data_dir, settings=QUICK, run_as=mode) as postgres:
        say(f"ready {postgres.url('postgres')}")
        sys.stdin.readline()
        say("leaving")


def starter(data_dir: Path, mode: Mode | None) -> None:
    """Start, and say what is left after an interruption."""
    try:
        EmbeddedPostgres(data_dir, settings=QUICK, run_as=mode).start()
    except KeyboardInterrupt:
        # What is left may not have come far enough yet to be seen.
        time.sleep(0.3)
        say(f"left {len(servers_in(data_dir))} {(data_dir / 'postgres.pid').exists()}")
        sys.stdin.readline()


if __name__ == "__main__":
    role, place, *rest = sys.argv[1:]
    roles = {"service": service, "command": command, "starter": starter}
    roles[role](Path(place), Mode(rest[0]) if rest else None)
