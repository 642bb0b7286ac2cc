"""Asks a person at a terminal to confirm what a command is about to do."""

import signal
import sys

from ledger.cli.admin.screen import Screen
from ledger.cli.admin.session import STOPPED
from ledger.cli.command_error import CommandError


def confirm(screen: Screen, question: str, *, yes: bool, instead: str = "--yes") -> None:
    """Go on only if the answer is yes; `yes` was said before, by an option.

    Raises CommandError where there is nobody to ask, naming what to say `instead`; ends the process
    on a no.
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
