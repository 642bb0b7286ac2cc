"""CPU time as /proc has it, of processes that use a known amount of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ledger.cli.bench.usage import require_linux, tree_cpu_s, usage_of
from ledger.cli.command_error import CommandError

CHILD = """
import sys, time
while time.process_time() < 0.45: pass
print(flush=True)
sys.stdin.read()
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-c", {CHILD!r}], stdin=-1, stdout=-1)
child.stdout.readline()
if sys.argv[1] == "ended":
    child.stdin.close()
    child.wait()
print(flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""


@contextmanager
def parent_of(child: str) -> Iterator[int]:
    """The pid of a process with a child, `living` or `ended`, that has used 0.45 s of CPU time."""
    command = [sys.executable, "-I", "-c", PARENT, child]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.stdin.close()
        process.wait()


@pytest.mark.parametrize("child", ["living", "ended"])
def test_a_tree_has_used_what_its_children_used(child: str) -> None:
    """A backend that ends during a turn is not forgotten."""
    with parent_of(child) as pid:
        assert tree_cpu_s(pid) >= 0.4
        assert usage_of(pid).cpu_s < tree_cpu_s(pid)


def test_a_process_that_is_gone_has_no_usage() -> None:
    """That is no zero: whoever measures must hear of it."""
    with subprocess.Popen([sys.executable, "-I", "-c", ""]) as process:
        process.wait()
    for use in (tree_cpu_s, usage_of):
        with pytest.raises(FileNotFoundError):
            use(process.pid)


def test_elsewhere_than_on_linux_the_bench_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no /proc to read."""
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(CommandError, match="Darwin does not have: run it on Linux"):
        require_linux()
