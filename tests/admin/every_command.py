"""Every command of the tree, with arguments that it takes; and a quick way to run each many times.

As a program this file runs commands in forks of one process that has all modules already: it reads
what to run as lines of JSON, and answers with lines of JSON.
"""

import gc
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args, get_origin

import msgspec
from cyclopts import App
from msgspec import Struct

import ledger.cli
from ledger.cli.app import app, main

WITHOUT_END: Final = {"bench": ["--only", "no-such"], "jobs": ["--once"]}
"""What keeps a command from running for long. `serve` has no ledger to serve in production."""

HARMLESS: Final = ("--dry-run", "--yes")
"""Options that are given wherever they are known: nobody is there to be asked."""

Streams = Literal["open", "out-gone", "out-closed", "out-full", "err-gone", "err-closed"]
"""What is wrong with the standard streams: no reader, never opened, or on a full disk."""


class Leaf(Struct, frozen=True):
    """A command that does something: its words, and the options that it knows."""

    words: tuple[str, ...]
    options: frozenset[str]
    arguments: list[str]

    @property
    def name(self) -> str:
        """As it is typed."""
        return " ".join(self.words)


def every_command(values: Mapping[str, str]) -> list[Leaf]:
    """All commands, also those that are hidden; `values` are of required arguments by name."""
    return [_leaf(words, command, values) for words, command in _leaves(app, ())]


def _leaves(tree: App, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], App]]:
    for name in tree:
        if not name.startswith("-"):
            yield from _leaves(tree[name], (*words, name))
    if words and tree.default_command is not None:
        yield words, tree


def _leaf(words: tuple[str, ...], command: App, values: Mapping[str, str]) -> Leaf:
    collection = [argument for argument in command.assemble_argument_collection() if argument.parse]
    options = frozenset(name for argument in collection for name in argument.names)
    arguments = list(WITHOUT_END.get(" ".join(words), []))
    for argument in collection:
        name = argument.name.removeprefix("--").lower()
        if not argument.required or name == "*":
            continue
        choices = get_args(argument.hint) if get_origin(argument.hint) is Literal else ()
        value = values.get(name) or str(next(iter(choices), "x"))
        arguments += [argument.name, value] if argument.name.startswith("--") else [value]
    return Leaf(words, options, arguments + [name for name in HARMLESS if name in options])


class Ended(Struct, frozen=True):
    """How a command ended, and what it printed where that could be read."""

    code: int
    out: str
    err: str


class Forks:
    """A process whose forks are commands: the modules are imported once for all of them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.admin.every_command"],
            env=dict(environment),
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def run(self, arguments: list[str], streams: Streams) -> Ended:
        """Run a command to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([arguments, streams]).encode() + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Ended)


def _serve_forks() -> None:
    for module in pkgutil.walk_packages(ledger.cli.__path__, "ledger.cli."):
        importlib.import_module(module.name)
    gc.freeze()
    for line in sys.stdin:
        arguments, streams = json.loads(line)
        outputs = [os.memfd_create("out"), os.memfd_create("err")]
        pid = os.fork()
        if pid == 0:
            _become(arguments, streams, outputs)
        _, status = os.waitpid(pid, 0)
        out, err = (_whole(output) for output in outputs)
        ended = Ended(os.waitstatus_to_exitcode(status), out, err)
        sys.stdout.buffer.write(msgspec.json.encode(ended) + b"\n")
        sys.stdout.buffer.flush()


def _whole(output: int) -> str:
    with os.fdopen(output, "rb") as file:
        file.seek(0)
        return file.read().decode()


def _become(arguments: list[str], streams: Streams, outputs: list[int]) -> None:
    """Be a command from here on, as it would be after its interpreter has started."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
    which, _, how = streams.partition("-")
    number = {"open": 0, "out": 1, "err": 2}[which]
    if how == "gone":
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, number)
    elif how == "full":
        os.dup2(os.open("/dev/full", os.O_WRONLY), number)
    elif how == "closed":
        os.close(number)
        gone: Any = None
        if number == 1:
            sys.stdout = gone
        else:
            sys.stderr = gone
    sys.argv = ["ledger", *arguments]
    try:
        main()
    except SystemExit as end:
        # As the interpreter does at its end; the rest of that takes longer than most commands.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


if __name__ == "__main__":
    _serve_forks()
