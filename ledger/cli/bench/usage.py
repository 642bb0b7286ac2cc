"""What processes have used so far, as /proc has it: CPU time and memory. Linux only."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from ledger.cli.command_error import CommandError

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM, _ENDED_USER, _ENDED_SYSTEM = 11, 12, 13, 14
"""Places of utime, stime, cutime and cstime after the command's name (proc(5))."""


class Usage(Struct, frozen=True):
    """What a process has used so far: CPU seconds, and memory in MB (resident, and its peak)."""

    cpu_s: float
    memory_mb: float
    peak_mb: float


def require_linux() -> None:
    """Raise CommandError where there is no /proc to read."""
    if platform.system() != "Linux":
        raise CommandError(
            f"`ledger bench` reads what processes use from /proc, which {platform.system()} does "
            "not have: run it on Linux"
        )


def usage_of(pid: int) -> Usage:
    """What this very process has used."""
    times = _times(pid)
    status = Path(f"/proc/{pid}/status").read_text()
    sizes = dict(line.split(":", 1) for line in status.splitlines() if line.startswith("Vm"))
    resident, peak = (int(sizes[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return Usage((times[_USER] + times[_SYSTEM]) / _TICKS_PER_S, resident, peak)


def tree_cpu_s(pid: int) -> float:
    """CPU seconds of a process and of all that it ever started, in ticks of 10 ms as a rule.

    What ended counts too: its time went to the process that waited for it.
    """
    ticks = 0
    for member in (pid, *_descendants(pid)):
        try:
            times = _times(member)
        except (FileNotFoundError, ProcessLookupError):
            if member == pid:
                raise
            continue
        ticks += sum(times[place] for place in (_USER, _SYSTEM, _ENDED_USER, _ENDED_SYSTEM))
    return ticks / _TICKS_PER_S


def children_of(pid: int) -> list[int]:
    """The living children of a process, whichever of its threads started them."""
    children = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += [int(child) for child in thread.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return children


def _descendants(pid: int) -> Iterator[int]:
    for child in children_of(pid):
        yield child
        yield from _descendants(child)


def _times(pid: int) -> list[int]:
    # The command's name stands in parentheses and may hold anything; a letter follows it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [0, *(int(field) for field in fields[1:])]
