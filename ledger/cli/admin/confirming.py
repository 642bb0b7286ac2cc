"""Asks a person at a terminal to confirm what a command is about to do."""

import signal
import sys

from ledger.cli.admin.session import STOPPED
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Screen


def confirm(screen: Screen, question: str, *, yes: bool, instead: str = "--yes") -> None:
    """Return only if a person answers yes; with `yes`, an option, nobody is asked.

    Raises CommandError where there is no terminal, naming the option to give `instead`; ends the
    process with STOPPED if the answer is no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(f"nobody can be asked here (no terminal): say {instead}")
    screen.note("")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    # The event loop's own way with Ctrl-C would wait for the line to end.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = sys.stdin.readline()
    finally:
        signal.signal(signal.SIGINT, before)
    if answer.strip().lower() not in {"y", "yes"}:
        screen.note("Nothing was done.")
        sys.exit(STOPPED)
