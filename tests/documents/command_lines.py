"""Command lines that documents show: parsed by the real `ledger`, and by the tools they are for."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Final

from cyclopts import App, CycloptsError

from ledger.cli.app import app
from tests.kit.markdown import ROOT

_ASSIGNMENT: Final = re.compile(r"[A-Z_]+=\S*")
_PLACEHOLDER: Final = re.compile(r"[A-Z]|\d|<|…|\.\.\.")


class UnknownCommandError(Exception):
    """A document shows a command that there is not; the message says what of it."""


def check_line(line: str) -> None:
    """Raises UnknownCommandError unless every program of a line knows what it is asked to do."""
    words = shlex.split(line, comments=True)
    commands: list[list[str]] = [[]]
    for word in words:
        if word in {"&&", "|"}:
            commands.append([])
        else:
            commands[-1].append(word)
    for command in commands:
        while command and _ASSIGNMENT.fullmatch(command[0]):
            command.pop(0)
        if command:
            _check_program(command[0], command[1:])


def _check_program(program: str, arguments: Sequence[str]) -> None:
    match program:
        case "ledger":
            _check_ledger(arguments)
        case "make":
            _check_make(arguments)
        case "git":
            if arguments[0] not in _git_commands():
                raise UnknownCommandError(f"git has no command {arguments[0]}")
        case "pip":
            _check_extras(arguments[-1])
        case "export":
            if not all(_ASSIGNMENT.fullmatch(argument) for argument in arguments):
                raise UnknownCommandError(f"export sets variables, not {' '.join(arguments)}")
        case _:
            raise UnknownCommandError(f"nobody can check a line of {program}")


def _check_ledger(arguments: Sequence[str]) -> None:
    try:
        command, _, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise UnknownCommandError(f"ledger {shlex.join(arguments)}: {error}") from error
    if getattr(command, "__name__", "") == "help_print":
        raise UnknownCommandError(f"ledger {shlex.join(arguments)} is no whole command")


def _check_make(arguments: Sequence[str]) -> None:
    asked = {word for word in arguments if re.fullmatch(r"[a-z][a-z-]*", word)}
    if not asked <= make_targets():
        raise UnknownCommandError(f"the Makefile has no {', '.join(asked - make_targets())}")


@cache
def make_targets() -> frozenset[str]:
    """What `make` can be asked for."""
    lines = re.findall(r"^([a-z][a-z -]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return frozenset(target for line in lines for target in line.split())


def _check_extras(requirement: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    match = re.fullmatch(r"\.\[(\w+)\]", requirement)
    if match is None or match[1] not in project["optional-dependencies"]:
        raise UnknownCommandError(f"pyproject.toml offers no {requirement}")


@cache
def _git_commands() -> set[str]:
    git = ["git", "--list-cmds=main"]
    return set(subprocess.run(git, check=True, capture_output=True, text=True).stdout.split())


def check_synopsis(text: str) -> None:
    """Raises UnknownCommandError unless the commands and options of a `ledger …` in a text exist.

    `a|b` stands for each of the two, `[…]` for what may be left out; words in capitals, numbers
    and whatever else is not a command is an argument.
    """
    words = text.replace("[", " ").replace("]", " ").split()[1:]
    names = [word for word in words if not word.startswith("-")]
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    for alternative in product(*(name.split("|") for name in names)):
        command = _command_of(alternative, text)
        unknown = set(options) - options_of(command)
        if unknown:
            raise UnknownCommandError(f"`{text}`: there is no option {', '.join(sorted(unknown))}")


def _command_of(names: Sequence[str], text: str) -> App:
    command = app
    for name in names:
        if not subcommands_of(command) or _PLACEHOLDER.match(name):
            break
        if name not in subcommands_of(command):
            raise UnknownCommandError(f"`{text}`: there is no command {name}")
        command = command[name]
    return command


def subcommands_of(command: App) -> list[str]:
    """The names of a command's commands; none where it does something itself."""
    return [name for name in command if not name.startswith("-")]


def options_of(command: App) -> set[str]:
    """The options that a command takes."""
    if subcommands_of(command):
        return {"--help"}
    arguments = command.assemble_argument_collection()
    return {"--help", *(name for argument in arguments for name in argument.names)}


@cache
def known_options() -> frozenset[str]:
    """The options of all commands together."""
    return frozenset(option for _, command in commands() for option in options_of(command))


def commands() -> Iterator[tuple[tuple[str, ...], App]]:
    """Every command that does something, with the words that it is called by."""
    yield from _leaves((), app)


def _leaves(words: tuple[str, ...], command: App) -> Iterator[tuple[tuple[str, ...], App]]:
    names = subcommands_of(command)
    if not names:
        yield words, command
    for name in names:
        yield from _leaves((*words, name), command[name])
